"""Autodiscovery: the concentrator looks for its meters now (companion profile 5.3)."""

from devices.drivers.duties import Post
from workorders.activities.orders import mailbox
from workorders.activities.orders.base import Facts, OrderActivity, ReadBack, Steps
from workorders.activities.orders.outcomes import named
from workorders.activities.orders.parameters import nothing


def _steps(facts: Facts) -> Steps:
    return mailbox.ordered(AUTODISCOVERY, Post(mailbox.AUTODISCOVERY, facts.order))


def _read_back(facts: Facts) -> ReadBack:
    return mailbox.found(AUTODISCOVERY, facts.order)


AUTODISCOVERY = OrderActivity(
    **named("autodiscovery"),
    command="AUTODISCOVERY",
    parse=nothing,
    steps=_steps,
    read_back=_read_back,
)
