"""All ordered activities by kind. One kind, one line."""

from workorders.activities.orders.base import OrderActivity
from workorders.activities.orders.credit_charge import CREDIT_CHARGE
from workorders.activities.orders.disconnect import DISCONNECT
from workorders.activities.orders.reading import READING
from workorders.activities.orders.reconnect import RECONNECT
from workorders.activities.orders.reduce import REDUCE

_ALL: tuple[OrderActivity, ...] = (
    READING,
    DISCONNECT,
    RECONNECT,
    REDUCE,
    CREDIT_CHARGE,
)
ACTIVITIES: dict[str, OrderActivity] = {activity.kind: activity for activity in _ALL}
