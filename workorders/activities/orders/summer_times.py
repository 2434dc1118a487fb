"""Summer times as parameters of orders: pairs of instants, ISO 8601 with offset, kept in UTC."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from devices.drivers.base import DstPeriod
from hes.domain.time import epoch_of
from workorders.activities.orders.base import Effect
from workorders.activities.orders.parameters import only, present, unusable

FROM_ZONE = "from_zone"
"""Set beside `periods` when they were taken over from the zone, not ordered by anybody."""
MOST_PAIRS = 10  # of a concentrator's table (companion profile 3.1)
_CURE = "give an instant with its offset, as 2026-09-06T00:00:00-04:00"
_TABLE_CURE = f"give a list of at most {MOST_PAIRS} pairs of begin and end"


@dataclass(frozen=True, slots=True)
class SummerTimesOrdered(Effect):
    """The table that visits leave as it is from now on; None: they keep the zone's again."""

    periods: tuple[DstPeriod, ...] | None


def ordered(parameters: Mapping[str, Any]) -> SummerTimesOrdered:
    """What the end of an order says of the table it wrote."""
    is_own = not parameters.get(FROM_ZONE, False)
    return SummerTimesOrdered(periods(parameters["periods"]) if is_own else None)


def pair(given: Mapping[str, Any]) -> dict[str, str]:
    """`begin` and `end` of one summer time."""
    only(given, "begin", "end")
    begin, end = _instant(given, "begin"), _instant(given, "end")
    if begin >= end:
        raise unusable("end", given["end"], "give an end after the begin")
    return {"begin": begin.isoformat(), "end": end.isoformat()}


def table(given: Mapping[str, Any], name: str) -> list[dict[str, str]]:
    """A list of pairs, oldest first, none inside another."""
    value = present(given, name, _TABLE_CURE)
    if not isinstance(value, list) or len(value) > MOST_PAIRS:
        raise unusable(name, value, _TABLE_CURE)
    if not all(isinstance(each, dict) for each in value):
        raise unusable(name, value, _TABLE_CURE)
    pairs = [pair(each) for each in value]
    edges = [edge for each in pairs for edge in (each["begin"], each["end"])]
    if edges != sorted(edges):
        raise unusable(name, edges, "give the pairs oldest first, none inside another")
    return pairs


def period(pair: Mapping[str, str]) -> DstPeriod:
    """The pair as devices are told."""
    begin, end = (epoch_of(_instant(pair, name)) for name in ("begin", "end"))
    return DstPeriod(begin, end)


def periods(pairs: Iterable[Mapping[str, str]]) -> tuple[DstPeriod, ...]:
    """All of a table."""
    return tuple(map(period, pairs))


def plain(begin: int, end: int) -> dict[str, str]:
    """A pair of UTC epoch seconds as `pair` keeps it."""
    first, last = (datetime.fromtimestamp(edge, UTC).isoformat() for edge in (begin, end))
    return {"begin": first, "end": last}


def _instant(given: Mapping[str, Any], name: str) -> datetime:
    value = str(present(given, name, _CURE))
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the year 1 has instants before time
        pass
    raise unusable(name, value, _CURE)
