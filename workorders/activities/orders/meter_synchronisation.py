"""Synchronisation of a meter behind a concentrator, from its clock (companion profile 5.2)."""

from devices.drivers.duties import Post
from workorders.activities.orders import mailbox
from workorders.activities.orders.base import Facts, OrderActivity, ReadBack, Steps
from workorders.activities.orders.outcomes import named
from workorders.activities.orders.parameters import nothing


def _steps(facts: Facts) -> Steps:
    return mailbox.ordered(
        METER_SYNCHRONISATION, Post(mailbox.SYNCHRONISE_METER, facts.order, facts.mac)
    )


def _read_back(facts: Facts) -> ReadBack:
    return mailbox.found(METER_SYNCHRONISATION, facts.order)


METER_SYNCHRONISATION = OrderActivity(
    **named("meter_synchronisation"),
    command="SINCRO_METER_V2",
    parse=nothing,
    steps=_steps,
    read_back=_read_back,
)
