"""Credit read: the available credit as a PP line (001 2.4; companion profile 5.1)."""

from devices.drivers.duties import ReadCredit
from workorders.activities.orders.base import Facts, Line, OrderActivity, Steps
from workorders.activities.orders.outcomes import ended, named
from workorders.activities.orders.parameters import nothing


def _steps(_facts: Facts) -> Steps:
    credit = yield ReadCredit()
    known = {"credit": credit.amount, "transaction": credit.transaction}
    return (yield from ended(CREDIT_READ, Line("PP", credit), **known))


CREDIT_READ = OrderActivity(
    **named("credit_read"),
    command="CREDIT_READ",
    parse=nothing,
    steps=_steps,
)
