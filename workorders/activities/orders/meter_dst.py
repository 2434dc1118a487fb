"""Summer time of a meter: begin and end of the active pair (001 2.4; companion profile 5.2)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from devices.drivers.base import DstPeriod
from devices.drivers.duties import ReadMeterDst, SetMeterDst
from hes.domain.time import epoch_of
from workorders.activities.orders.base import Facts, NotDone, OrderActivity, ReadBack, Steps
from workorders.activities.orders.outcomes import done, failed, named
from workorders.activities.orders.parameters import only, present, unusable

_CURE = "give an instant with its offset, as 2026-09-06T00:00:00-04:00"


def _parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """`begin` and `end`, ISO 8601 with offset; kept in UTC."""
    only(given, "begin", "end")
    begin, end = _instant(given, "begin"), _instant(given, "end")
    if begin >= end:
        raise unusable("end", given["end"], "give an end after the begin")
    return {"begin": begin.isoformat(), "end": end.isoformat()}


def _instant(given: Mapping[str, Any], name: str) -> datetime:
    value = str(present(given, name, _CURE))
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the year 1 has instants before time
        pass
    raise unusable(name, value, _CURE)


def _period(facts: Facts) -> DstPeriod:
    begin, end = (epoch_of(_instant(facts.parameters, name)) for name in ("begin", "end"))
    return DstPeriod(begin, end)


def _steps(facts: Facts) -> Steps:
    yield SetMeterDst(_period(facts))
    if (yield ReadMeterDst()) != _period(facts):
        return failed(METER_DST, "SUMMER TIME UNCHANGED")
    return done(METER_DST)


def _read_back(facts: Facts) -> ReadBack:
    active = yield ReadMeterDst()
    return done(METER_DST) if active == _period(facts) else NotDone()


METER_DST = OrderActivity(
    **named("meter_dst"),
    command="SET_METER_DST",
    parse=_parse,
    steps=_steps,
    read_back=_read_back,
)
