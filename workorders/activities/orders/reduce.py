"""Reduction to a percentage of the contract power (003 6.3 3.31.6.26; companion profile 5.1)."""

from collections.abc import Mapping
from typing import Any

from devices.drivers.duties import Breaker, ReadBreaker, SetThreshold
from workorders.activities.orders.base import Facts, NotDone, OrderActivity, ReadBack, Steps
from workorders.activities.orders.breakers import MOVERS
from workorders.activities.orders.outcomes import ended, failed, named
from workorders.activities.orders.parameters import only, whole


def _parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """`percent` 1 to 100; 100 lifts the reduction. 0 would be a disconnection and is refused."""
    only(given, "percent")
    return {"percent": whole(given, "percent", 1, 100)}


def _limit(facts: Facts, breaker: Breaker) -> int:
    """The limit in W that is ordered (profile 4.2)."""
    percent: int = facts.parameters["percent"]
    return round(breaker.contract * percent / 100)


def _steps(facts: Facts) -> Steps:
    breaker = yield ReadBreaker()
    limit = _limit(facts, breaker)
    if not limit:  # a limit of 0 W would be a disconnection
        return failed(REDUCE, "NO CONTRACT POWER", breaker)
    yield SetThreshold(limit)
    breaker = yield ReadBreaker()
    if breaker.normal != limit:
        return failed(REDUCE, "LIMIT UNCHANGED", breaker)
    return (yield from ended(REDUCE, breaker=breaker))


def _read_back(facts: Facts) -> ReadBack:
    breaker = yield ReadBreaker()
    if breaker.normal != _limit(facts, breaker):
        return NotDone()
    return (yield from ended(REDUCE, breaker=breaker))


REDUCE = OrderActivity(
    **named("reduce"),
    command="REDUCE_METER",
    parse=_parse,
    steps=_steps,
    read_back=_read_back,
    guarded=True,
    supersedes=MOVERS,
)
