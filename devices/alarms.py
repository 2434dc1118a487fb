"""What a person should look at: raised while it lasts, cleared when it is over."""

import logging

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from devices.models import Alarm

log = logging.getLogger(__name__)

RAISE = """
INSERT INTO export_alarm (name, subject, text, raised_at, seen_at)
VALUES (%s, %s, left(%s, 400), now(), now())
ON CONFLICT (name, subject) WHERE cleared_at IS NULL
DO UPDATE SET text = excluded.text, seen_at = now()
RETURNING raised_at = seen_at
"""


def raise_alarm(name: str, subject: str, text: str) -> None:
    """Open the alarm, or renew its text; a new one is logged as well."""
    with connection.cursor() as cursor:
        cursor.execute(RAISE, [name, subject, text])
        is_new = cursor.fetchone()[0]
    if is_new:
        log.error("%s %s: %s", name, subject, text)


def clear(name: str, subject: str) -> None:
    """The matter is over."""
    if open_alarms().filter(name=name, subject=subject).update(cleared_at=Now()):
        log.info("%s %s: over", name, subject)


def open_alarms() -> QuerySet[Alarm]:
    """What stands, oldest first."""
    return Alarm.objects.filter(cleared_at=None).order_by("raised_at")
