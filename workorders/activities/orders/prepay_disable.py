"""Prepayment off: the account goes back to credit mode (003 6.3 3.20.81.22; profile 5.1)."""

from devices.drivers.duties import SetPrepayment
from workorders.activities.orders import prepayment
from workorders.activities.orders.base import Facts, OrderActivity, ReadBack, Steps
from workorders.activities.orders.outcomes import named
from workorders.activities.orders.parameters import nothing

_WANTED = SetPrepayment(prepayment.CREDIT)


def _steps(_facts: Facts) -> Steps:
    return prepayment.ordered(PREPAY_DISABLE, _WANTED)


def _read_back(_facts: Facts) -> ReadBack:
    return prepayment.found(PREPAY_DISABLE, _WANTED)


PREPAY_DISABLE = OrderActivity(
    **named("prepay_disable"),
    command="PREPAY_DISABLE",
    parse=nothing,
    steps=_steps,
    read_back=_read_back,
)
