"""How orders move a meter through its life: effects and deeds of `activities.orders.life`.

Each in the transaction of its order, by the guarded moves of `devices.commissioning`.
"""

from typing import TYPE_CHECKING

from django.db.backends.utils import CursorWrapper

from devices import commissioning
from devices.choices import ProcessState
from devices.drivers.duties import Duty
from workorders.activities.orders.base import Effect
from workorders.activities.orders.verify_commissioning import CONFIGURATION

if TYPE_CHECKING:  # an order's end leads to its effects
    from workorders.orders import Taken

_METER = "SELECT meter_id FROM work_order WHERE id = %s"
# Of each of the two kinds the newest order counts.
_LAST = """
SELECT count(*) FILTER (WHERE state = 'done') FROM (
    SELECT DISTINCT ON (kind) kind, state FROM work_order
     WHERE meter_id = %s AND kind = ANY(%s) ORDER BY kind, id DESC) newest
"""


def recruiting(cursor: CursorWrapper, order: int, _: Effect) -> None:
    """The concentrator is at it."""
    commissioning.go_to(cursor, _meter(cursor, order), ProcessState.RECRUITING)


def not_recruited(cursor: CursorWrapper, order: int, _: Effect) -> None:
    """It was in vain: another commissioning may be ordered."""
    commissioning.go_to(cursor, _meter(cursor, order), ProcessState.TO_COMMISSION)


def recruited(cursor: CursorWrapper, taken: "Taken", _: Duty) -> None:
    """A deed: the concentrator serves the meter."""
    if taken.meter_id is not None:
        commissioning.go_to(cursor, taken.meter_id, ProcessState.TO_VERIFY)


def commissioned(cursor: CursorWrapper, order: int, _: Effect) -> None:
    """In service."""
    commissioning.take_into_service(cursor, _meter(cursor, order))


def configured(cursor: CursorWrapper, order: int, _: Effect) -> None:
    """The last of the two configurations ends the meter's way into service."""
    meter = _meter(cursor, order)
    cursor.execute(_LAST, [meter, list(CONFIGURATION)])
    if cursor.fetchone()[0] == len(CONFIGURATION):
        commissioning.go_to(cursor, meter, ProcessState.NONE)


def decommissioned(cursor: CursorWrapper, order: int, _: Effect) -> None:
    """Out of service, and under no concentrator."""
    commissioning.take_out_of_service(cursor, _meter(cursor, order))


def _meter(cursor: CursorWrapper, order: int) -> int:
    cursor.execute(_METER, [order])
    return int(cursor.fetchone()[0])
