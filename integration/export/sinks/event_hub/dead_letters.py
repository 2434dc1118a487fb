"""Messages that a hub refuses for what they are: kept whole, sent again when somebody asks."""

import json

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from devices import alarms
from integration.export.messages.packing import Message
from integration.models import DeadLetter

ALARM = "dead_letter"

# Refused once more, it keeps its place with the new reason and waits to be asked for again.
PARK = """
INSERT INTO export_dead_letter
    (sink, dedup_id, key, content_type, properties, body, reason, tries, parked_at)
VALUES (%s, %s, %s, %s, %s::jsonb, %s, left(%s, 300), %s, now())
ON CONFLICT (sink, dedup_id) DO UPDATE SET reason = excluded.reason,
    tries = export_dead_letter.tries + excluded.tries, asked_at = NULL, sent_at = NULL
"""


def park(sink: str, message: Message, reason: str, tries: int) -> None:
    """Keep the message and tell of it."""
    with connection.cursor() as cursor:
        cursor.execute(
            PARK,
            [
                *(sink, message.dedup_id, message.key, message.content_type),
                *(json.dumps(message.properties), message.body, reason, tries),
            ],
        )
    alarms.raise_alarm(ALARM, sink, f"{message.dedup_id} is refused: {reason}")


def waiting() -> QuerySet[DeadLetter]:
    """What was refused and has not been sent since, oldest first."""
    return DeadLetter.objects.filter(sent_at=None).order_by("id")


def asked(sink: str) -> DeadLetter | None:
    """The next one to send again; one at a time, a body may be as large as a hub allows."""
    return waiting().filter(sink=sink).exclude(asked_at=None).first()


def message_of(letter: DeadLetter) -> Message:
    """As it was sent, with the same dedup id."""
    return Message(
        key=letter.key,
        dedup_id=letter.dedup_id,
        lines=letter.properties["lines"],
        body=bytes(letter.body),
        content_type=letter.content_type,
        properties=letter.properties,
    )


def note_sent(letter: DeadLetter) -> None:
    """It went through, unless it was parked again meanwhile; the last one clears the alarm."""
    waiting().filter(pk=letter.pk).exclude(asked_at=None).update(sent_at=Now())
    if not waiting().filter(sink=letter.sink).exists():
        alarms.clear(ALARM, letter.sink)
