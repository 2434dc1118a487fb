"""Summer times of a civil zone as absolute periods, which is how devices are told about them.

The Chilean rule has no wildcard form, so devices get full dates (companion profile 3.1).
"""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from hes.domain.time import DAY, offset_at

SummerTime = tuple[int, int]


@lru_cache(maxsize=256)
def summer_times(zone: ZoneInfo, first_year: int, last_year: int) -> tuple[SummerTime, ...]:
    """(begin, end), UTC epoch seconds, of each summer time that touches first_year..last_year.

    Summer is whenever the zone is ahead of its smallest offset of these years, whatever tzdata
    calls it (Dublin and Casablanca have a negative winter). Periods that are not closed a year
    after the last one are left out; a zone without summer time has none.
    """
    begin, end = _first_instant(first_year), _first_instant(last_year + 1)
    changes = _offset_changes(zone, _first_instant(first_year - 1), _first_instant(last_year + 2))
    winter = min(offset for _, offset in changes)
    edges = [instant for instant, _ in _flips(changes, winter)]
    if changes[0][1] > winter:
        edges = edges[1:]
    periods = zip(edges[::2], edges[1::2], strict=False)
    return tuple(period for period in periods if period[1] > begin and period[0] < end)


def normal_offset(zone: ZoneInfo, year: int) -> int:
    """Minutes east of UTC outside of summer time, as `summer_times` understands it."""
    changes = _offset_changes(zone, _first_instant(year), _first_instant(year + 1))
    return min(offset for _, offset in changes)


def _first_instant(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())


def _offset_changes(zone: ZoneInfo, begin: int, end: int) -> list[tuple[int, int]]:
    """(instant, offset from then on), the first one for `begin` itself."""
    changes = [(begin, offset_at(zone, begin))]
    for day in range(begin, end, DAY):
        offset = offset_at(zone, day + DAY)
        if offset != changes[-1][1]:
            changes.append((_change_between(zone, day, day + DAY), offset))
    return changes


def _change_between(zone: ZoneInfo, low: int, high: int) -> int:
    """The first instant in (low, high] with the offset of `high`."""
    after = offset_at(zone, high)
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(zone, middle) == after:
            high = middle
        else:
            low = middle
    return high


def _flips(changes: list[tuple[int, int]], winter: int) -> list[tuple[int, bool]]:
    """The changes at which summer begins (True) or ends (False)."""
    flips: list[tuple[int, bool]] = []
    summer = changes[0][1] > winter
    for instant, offset in changes[1:]:
        if (offset > winter) != summer:
            summer = not summer
            flips.append((instant, summer))
    return flips
