"""Technical configuration of a meter: clock, zone, summer time, load-profile period, private keys.

001 2 and 3.1; companion profile 5.2. Each object is written only where it differs, and read again;
a repetition goes on at the first that differs. Keys come last: their steps are `keys.to_private`.
"""

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

from devices.drivers.base import ClockReading, DstPeriod
from devices.drivers.duties import (
    Duty,
    MeterSetup,
    ReadMeterClock,
    ReadMeterDst,
    ReadMeterSetup,
    SetMeterClock,
    SetMeterDst,
    SetMeterZone,
    SetProfilePeriod,
)
from workorders.activities.orders import keys, summer_times
from workorders.activities.orders.base import (
    Facts,
    NotDone,
    OrderActivity,
    ReadBack,
    Result,
    Steps,
)
from workorders.activities.orders.life import Configured
from workorders.activities.orders.outcomes import done, failed, named
from workorders.activities.orders.parameters import is_given, only, unusable, whole

TOLERANCE = 5.0  # seconds (companion profile 5.2)
_HALF_DAY = 720  # minutes

Part = Generator[Duty, Any, str]
"""What is configured of a meter; its answer is what did not change, empty where all is well."""


def _parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """What shall differ from the inventory: `time_zone` (minutes to add to local normal time to
    get UTC), `begin` and `end` of summer time, `period` of the load profile in minutes."""
    only(given, "time_zone", "begin", "end", "period")
    found: dict[str, Any] = {}
    if is_given(given, "time_zone"):
        found["time_zone"] = whole(given, "time_zone", -_HALF_DAY, _HALF_DAY)
    if is_given(given, "period"):
        found["period"] = whole(given, "period", 15, 60)
        if found["period"] not in (15, 60):
            raise unusable("period", given["period"], "give 15 or 60 minutes")
    edges = {name: given[name] for name in ("begin", "end") if is_given(given, name)}
    return found | (summer_times.pair(edges) if edges else {})


def _steps(facts: Facts) -> Steps:
    for part in (_clock, _setup, _summer_time):
        if unchanged := (yield from part(facts)):
            return failed(METER_TECHNICAL_CONFIGURATION, f"{unchanged} UNCHANGED")
    yield from keys.to_private(facts)
    return _done()


def _clock(facts: Facts) -> Part:
    reading: ClockReading = yield ReadMeterClock()
    if abs(reading.drift) > TOLERANCE:
        yield SetMeterClock(facts.offset)
        reading = yield ReadMeterClock()
    return "CLOCK" if abs(reading.drift) > TOLERANCE else ""


def _setup(facts: Facts) -> Part:
    setup, wanted = (yield ReadMeterSetup()), facts.parameters
    if setup.time_zone != wanted["time_zone"]:
        yield SetMeterZone(wanted["time_zone"])
    if _period_differs(setup, facts):  # else not: the meter would empty its profile
        yield SetProfilePeriod(wanted["period"])
    setup = yield ReadMeterSetup()
    if setup.time_zone != wanted["time_zone"]:
        return "TIME ZONE"
    return "LOAD PROFILE PERIOD" if _period_differs(setup, facts) else ""


def _period_differs(setup: MeterSetup, facts: Facts) -> bool:
    """Not where no profile of the company asks for load profiles."""
    return "period" in facts.parameters and setup.profile_period != facts.parameters["period"]


def _summer_time(facts: Facts) -> Part:
    """A zone without summer time leaves the meter's alone."""
    wanted = _wanted_summer(facts)
    if wanted is None or (yield ReadMeterDst()) == wanted:
        return ""
    yield SetMeterDst(wanted)
    return "" if (yield ReadMeterDst()) == wanted else "SUMMER TIME"


def _wanted_summer(facts: Facts) -> DstPeriod | None:
    return summer_times.period(facts.parameters) if "begin" in facts.parameters else None


def _read_back(facts: Facts) -> ReadBack:
    """Equal in all, and under private keys: done; else the steps go on where something differs."""
    reading: ClockReading = yield ReadMeterClock()
    setup: MeterSetup = yield ReadMeterSetup()
    wanted = _wanted_summer(facts)
    is_summer = wanted is None or (yield ReadMeterDst()) == wanted
    is_set = setup.time_zone == facts.parameters["time_zone"] and not _period_differs(setup, facts)
    is_private = yield from keys.holds_private(facts)
    is_equal = abs(reading.drift) <= TOLERANCE and is_summer and is_set and is_private
    return _done() if is_equal else NotDone()


def _done() -> Result:
    return replace(done(METER_TECHNICAL_CONFIGURATION), effects=(Configured(),))


METER_TECHNICAL_CONFIGURATION = OrderActivity(
    **named("meter_technical_configuration"),
    command="SET_METER_CONFIG",
    parse=_parse,
    steps=_steps,
    read_back=_read_back,
)
