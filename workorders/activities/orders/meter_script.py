"""A released script at a meter (ACM; 001 2.4, companion profile 5.2)."""

from workorders.activities.orders import scripts
from workorders.activities.orders.base import Facts, OrderActivity, ReadBack, Steps
from workorders.activities.orders.outcomes import named


def _steps(facts: Facts) -> Steps:
    return scripts.ordered(METER_SCRIPT, facts)


def _read_back(facts: Facts) -> ReadBack:
    return scripts.found(METER_SCRIPT, facts)


METER_SCRIPT = OrderActivity(
    **named("meter_script"),
    command="METER_SCRIPT",
    parse=scripts.parse,
    steps=_steps,
    read_back=_read_back,
)
