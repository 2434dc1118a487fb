"""Clock of a concentrator set to ours by order, however far it is (companion profile 3.1, 5.3).

At the end of every visit smaller steps are made without an order; larger ones are refused there
(design 7), and this is the order they need. A host clock that is not proven sets none.
"""

from dataclasses import dataclass, replace

from devices.drivers.base import ClockReading
from devices.drivers.duties import ReadClock, SetClock
from workorders.activities.orders.base import (
    Effect,
    Facts,
    HostClock,
    NotDone,
    OrderActivity,
    ReadBack,
    Result,
    Steps,
)
from workorders.activities.orders.outcomes import done, failed, named
from workorders.activities.orders.parameters import nothing

TOLERANCE = 2.0  # s, below it nothing is set (profile 3.1)
REACHED = 5.0  # s, a set clock is right within it (profile 5.2 for direct meters; assumed here)


@dataclass(frozen=True, slots=True)
class ClockStepped(Effect):
    """The clock was set; `was` seconds ahead of us before, None where nobody saw it."""

    was: float | None


def _steps(facts: Facts) -> Steps:
    objection = yield HostClock()
    if objection:
        return failed(CONCENTRATOR_SYNCHRONISATION, objection)
    before = yield ReadClock()
    if abs(before.drift) < TOLERANCE:
        return done(CONCENTRATOR_SYNCHRONISATION, drift=_rounded(before))
    yield SetClock(facts.offset)
    after = yield ReadClock()
    if abs(after.drift) > REACHED:
        return failed(CONCENTRATOR_SYNCHRONISATION, "CLOCK UNCHANGED")
    return _stepped(before.drift, drift=_rounded(before), drift_after=_rounded(after))


def _read_back(_facts: Facts) -> ReadBack:
    """A clock that is right was set; one that is not may be set again without harm."""
    reading = yield ReadClock()
    if abs(reading.drift) >= TOLERANCE:
        return NotDone()
    return _stepped(None, drift_after=_rounded(reading))


def _stepped(was: float | None, **values: float) -> Result:
    result = done(CONCENTRATOR_SYNCHRONISATION, **values)
    return replace(result, effects=(ClockStepped(was),))


def _rounded(reading: ClockReading) -> float:
    return round(reading.drift, 1)


CONCENTRATOR_SYNCHRONISATION = OrderActivity(
    **named("concentrator_synchronisation"),
    command="SINCRO_LVC",
    parse=nothing,
    steps=_steps,
    read_back=_read_back,
)
