"""A released script at a concentrator (001 2.4; companion profile 5.3)."""

from workorders.activities.orders import scripts
from workorders.activities.orders.base import Facts, OrderActivity, ReadBack, Steps
from workorders.activities.orders.outcomes import named


def _steps(facts: Facts) -> Steps:
    return scripts.ordered(CONCENTRATOR_SCRIPT, facts)


def _read_back(facts: Facts) -> ReadBack:
    return scripts.found(CONCENTRATOR_SCRIPT, facts)


CONCENTRATOR_SCRIPT = OrderActivity(
    **named("concentrator_script"),
    command="CONCENTRATOR_SCRIPT",
    parse=scripts.parse,
    steps=_steps,
    read_back=_read_back,
)
