"""Repeater table, read and recorded on demand as the scheduled collection does (profile 5.3)."""

from devices.choices import Activity
from workorders.activities.orders.base import Collect, Facts, OrderActivity, Steps
from workorders.activities.orders.outcomes import done, named
from workorders.activities.orders.parameters import nothing


def _steps(_facts: Facts) -> Steps:
    meters = yield Collect(Activity.REPEATER_TABLE)
    return done(REPEATER_TABLE, meters=meters)


REPEATER_TABLE = OrderActivity(
    **named("repeater_table"),
    command="READ_REPEATERS",
    parse=nothing,
    steps=_steps,
)
