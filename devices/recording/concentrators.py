"""What a visit says of the concentrator itself: contact, status word, clock."""

from datetime import datetime

from django.db.backends.utils import CursorWrapper

from devices.drivers.base import Contact
from devices.events import Event, publish
from devices.models import Concentrator
from devices.outbox.blocks import Blocks
from devices.parameters import parameters_of
from devices.reachability import CONCENTRATOR_EVENT, Outcome, assignments
from devices.recording.fence import Fence
from devices.recording.work import recording
from hes.domain.events import EventKind

_OUTCOME = {Contact.MADE: Outcome.MADE, Contact.MISSED: Outcome.MISSED}

_ENSURE = "INSERT INTO concentrator_status (concentrator_id) VALUES (%s) ON CONFLICT DO NOTHING"
_CONTACT = f"""
UPDATE concentrator_status AS known
   SET last_contact = CASE WHEN %(outcome)s = {Outcome.MADE:d} THEN %(at)s::timestamptz
                           ELSE known.last_contact END,
       {assignments("known", "%(outcome)s", "%(maximum)s")}
 WHERE concentrator_id = %(id)s
RETURNING flipped
"""
_STATUS_WORD = """
UPDATE concentrator_status SET status_word = %s, status_word_at = %s WHERE concentrator_id = %s
"""
_CLOCK = """
UPDATE concentrator_status SET clock_drift = %s, clock_read_at = %s WHERE concentrator_id = %s
"""


def record_contact(concentrator_id: int, contact: Contact, fence: Fence, at: datetime) -> None:
    """Count one contact (nrn of the concentrator); a flip of reachability is an event."""
    if contact is Contact.UNKNOWN:
        return
    owner = Concentrator.objects.get(pk=concentrator_id)
    maximum = parameters_of(owner.company_id).number("max_missed_contacts")
    with recording(fence) as (cursor, moment):
        cursor.execute(_ENSURE, [concentrator_id])
        values = {"id": concentrator_id, "outcome": int(_OUTCOME[contact]), "maximum": maximum}
        cursor.execute(_CONTACT, values | {"at": at})
        flipped = cursor.fetchone()[0]
        if flipped:
            _publish(cursor, moment, owner, _event(owner, CONCENTRATOR_EVENT[flipped]))


def record_status_word(concentrator_id: int, word: bytes, at: datetime, fence: Fence) -> None:
    """Store the concentrator's status word (three bytes as printed)."""
    with recording(fence) as (cursor, _):
        store_status_word(cursor, concentrator_id, word, at)


def store_status_word(
    cursor: CursorWrapper, concentrator_id: int, word: bytes, at: datetime
) -> None:
    """The same inside the caller's transaction."""
    cursor.execute(_ENSURE, [concentrator_id])
    cursor.execute(_STATUS_WORD, [word, at, concentrator_id])


def record_clock(
    concentrator_id: int, drift: float, stepped: bool, refused: bool, at: datetime, fence: Fence
) -> None:
    """Store the drift read (seconds ahead of us); a step set or refused is an event."""
    with recording(fence) as (cursor, moment):
        cursor.execute(_ENSURE, [concentrator_id])
        cursor.execute(_CLOCK, [drift, at, concentrator_id])
        if stepped or refused:
            owner = Concentrator.objects.get(pk=concentrator_id)
            kind = EventKind.CLOCK_DRIFT_REFUSED if refused else EventKind.CLOCK_STEPPED
            detail = f"clock was {drift:+.0f} s from ours"
            _publish(cursor, moment, owner, _event(owner, kind, detail))


def _event(owner: Concentrator, kind: EventKind, detail: str = "") -> Event:
    return Event(
        kind=kind,
        company_id=owner.company_id,
        concentrator_id=owner.pk,
        concentrator=owner.name or owner.serial_number,
        detail=detail,
    )


def _publish(cursor: CursorWrapper, moment: datetime, owner: Concentrator, event: Event) -> None:
    blocks = Blocks(owner.company_id, owner.pk)
    publish(cursor, [event], moment, blocks)
    blocks.store(cursor, moment.date())
