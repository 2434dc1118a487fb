"""What the head-end itself does in the middle of an order: one kind of deed, one function.

Each runs on the control thread in a transaction of its own that begins with the lane's fence, and
is committed before the steps go on. Doing it twice must be harmless.
"""

from collections.abc import Callable, Mapping

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices.drivers.duties import Duty
from workorders import lanes
from workorders.activities.orders.base import DrawTransaction
from workorders.lanes import Claim
from workorders.orders import Taken

Doing = Callable[[CursorWrapper, Taken, Duty], object]


def do(taken: Taken, claim: Claim, duty: Duty) -> object:
    """Carry out a deed and commit; returns its answer. Raises LeaseLost."""
    with transaction.atomic(), connection.cursor() as cursor:
        lanes.fence(claim)(cursor)
        return DEEDS[type(duty)](cursor, taken, duty)


def _drawn(cursor: CursorWrapper, taken: Taken, _: Duty) -> int:
    """SENDING has drawn it already."""
    cursor.execute("SELECT transaction FROM work_order WHERE id = %s", [taken.order])
    return int(cursor.fetchone()[0])


DEEDS: Mapping[type[Duty], Doing] = {
    DrawTransaction: _drawn,
}
