"""All ordered activities by kind. One kind, one line."""

from workorders.activities.orders.base import OrderActivity

_ALL: tuple[OrderActivity, ...] = ()
ACTIVITIES: dict[str, OrderActivity] = {activity.kind: activity for activity in _ALL}
