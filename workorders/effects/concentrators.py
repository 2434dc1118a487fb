"""What orders of a concentrator leave in the inventory when they end (design 7)."""

from datetime import datetime

from django.db.backends.utils import CursorWrapper

from devices import commissioning, recording
from devices.choices import ConcentratorState
from devices.events import Event, announce
from hes.domain.events import EventKind
from workorders.activities.orders.base import Effect
from workorders.activities.orders.concentrator_synchronisation import ClockStepped
from workorders.activities.orders.concentrator_technical_configuration import (
    ConcentratorConfigured,
)
from workorders.activities.orders.status_word import StatusWordRead

_CONCENTRATOR = """
SELECT c.id, c.state, c.company_id, coalesce(nullif(c.name, ''), c.serial_number),
    clock_timestamp()
FROM work_order o JOIN concentrator c ON c.id = o.concentrator_id
WHERE o.id = %s FOR NO KEY UPDATE OF c
"""


# A profile that was renamed meanwhile is nobody's: the old one stays.
_NEW_PROFILE = """
UPDATE concentrator c SET spontaneous_profile_id = p.id FROM spontaneous_profile p
WHERE c.id = %s AND p.company_id = c.company_id AND p.name = %s
"""


def configured(cursor: CursorWrapper, order: int, effect: Effect) -> None:
    """Installed -> initialised; collections are due from now on. Later configurations move none."""
    assert isinstance(effect, ConcentratorConfigured)  # noqa: S101 - by the registry
    concentrator, state, _company, _name, now = _found(cursor, order)
    if effect.spontaneous_profile:
        cursor.execute(_NEW_PROFILE, [concentrator, effect.spontaneous_profile])
    if state == ConcentratorState.INSTALLED:
        commissioning.initialise([concentrator], scheduled_from=now)


def clock_stepped(cursor: CursorWrapper, order: int, effect: Effect) -> None:
    """A step of a clock is an event, as those at the end of a visit are."""
    assert isinstance(effect, ClockStepped)  # noqa: S101 - by the registry
    concentrator, _, company, name, _ = _found(cursor, order)
    was = "was set" if effect.was is None else f"was {effect.was:+.0f} s from ours, set"
    detail = f"clock {was} by order {order}"
    event = Event(EventKind.CLOCK_STEPPED, company, concentrator, name, detail=detail)
    announce(cursor, [event])


def status_word(cursor: CursorWrapper, order: int, effect: Effect) -> None:
    """The last word of the concentrator."""
    assert isinstance(effect, StatusWordRead)  # noqa: S101 - by the registry
    concentrator, *_, now = _found(cursor, order)
    recording.store_status_word(cursor, concentrator, effect.word, now)


def _found(cursor: CursorWrapper, order: int) -> tuple[int, str, int, str, datetime]:
    cursor.execute(_CONCENTRATOR, [order])
    concentrator, state, company, name, now = cursor.fetchone()
    return concentrator, state, company, name, now
