"""Disconnect: open the breaker (001 2.4 Detachment; 003 6.3 3.31.6.23; companion profile 5.1)."""

from devices.drivers.duties import OpenBreaker, ReadBreaker
from workorders.activities.orders.base import Facts, NotDone, OrderActivity, ReadBack, Steps
from workorders.activities.orders.breakers import DISCONNECTED, MOVERS
from workorders.activities.orders.outcomes import ended, failed, named
from workorders.activities.orders.parameters import nothing


def _steps(_facts: Facts) -> Steps:
    """A breaker that is open already is left alone, and the order is done."""
    breaker = yield ReadBreaker()
    if breaker.control != DISCONNECTED:
        yield OpenBreaker()
        breaker = yield ReadBreaker()
    if breaker.control != DISCONNECTED:
        return failed(DISCONNECT, "BREAKER STAYS CLOSED", breaker)
    return (yield from ended(DISCONNECT, breaker=breaker))


def _read_back(_facts: Facts) -> ReadBack:
    breaker = yield ReadBreaker()
    if breaker.control != DISCONNECTED:
        return NotDone()
    return (yield from ended(DISCONNECT, breaker=breaker))


DISCONNECT = OrderActivity(
    **named("disconnect"),
    command="DETACH_METER",
    parse=nothing,
    steps=_steps,
    read_back=_read_back,
    guarded=True,
    supersedes=MOVERS,
)
