"""Reconnect: limit back to contract, breaker closed (003 6.3 3.31.6.18; companion profile 5.1)."""

from devices.drivers.duties import Breaker, CloseBreaker, ReadBreaker, SetThreshold
from workorders.activities.orders.base import Facts, NotDone, OrderActivity, ReadBack, Steps
from workorders.activities.orders.breakers import MOVERS, READY, is_reconnected, is_restored
from workorders.activities.orders.outcomes import ended, failed, named
from workorders.activities.orders.parameters import nothing

ALREADY_CONNECTED = "3.31.17.17"  # 003 6.4


def _steps(_facts: Facts) -> Steps:
    breaker = yield ReadBreaker()
    if is_restored(breaker):
        return (yield from ended(RECONNECT, breaker=breaker, code=ALREADY_CONNECTED))
    if breaker.contract:  # a limit of 0 W would cut what is to be connected
        yield SetThreshold(breaker.contract)
    yield CloseBreaker()
    breaker = yield ReadBreaker()
    if not is_reconnected(breaker):
        return failed(RECONNECT, "BREAKER STAYS OPEN OR LIMITED", breaker)
    return (yield from _connected(breaker))


def _read_back(_facts: Facts) -> ReadBack:
    breaker = yield ReadBreaker()
    if not is_reconnected(breaker):
        return NotDone()
    return (yield from _connected(breaker))


def _connected(breaker: Breaker) -> Steps:
    note = {"note": "ready for reconnection"} if breaker.control == READY else {}
    return (yield from ended(RECONNECT, breaker=breaker, **note))


RECONNECT = OrderActivity(
    **named("reconnect"),
    command="CONNECT_METER",
    parse=nothing,
    steps=_steps,
    read_back=_read_back,
    paced=True,
    supersedes=MOVERS,
)
