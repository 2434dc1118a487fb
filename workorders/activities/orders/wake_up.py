"""Wake-up: the concentrator sends its datagram now (001 2.4; companion profile 5.3)."""

from devices.drivers.duties import Post
from workorders.activities.orders import mailbox
from workorders.activities.orders.base import Facts, OrderActivity, ReadBack, Steps
from workorders.activities.orders.outcomes import named
from workorders.activities.orders.parameters import nothing


def _steps(facts: Facts) -> Steps:
    return mailbox.ordered(WAKE_UP, Post(mailbox.WAKE_UP, facts.order))


def _read_back(facts: Facts) -> ReadBack:
    return mailbox.found(WAKE_UP, facts.order)


WAKE_UP = OrderActivity(
    **named("wake_up"),
    command="WAKEUP",
    parse=nothing,
    steps=_steps,
    read_back=_read_back,
)
