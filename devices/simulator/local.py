"""The local time of a device: deviation, summer time and the day changes of its zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from devices.protocol import clock
from hes.domain import time

_SLICE = 900  # no zone changes its offset inside a quarter hour


@lru_cache(maxsize=65_536)
def _at(zone: ZoneInfo, piece: int) -> tuple[int, bool]:
    moment = datetime.fromtimestamp(piece * _SLICE, zone)
    return time.offset_at(zone, piece * _SLICE), bool(moment.dst())


@lru_cache(maxsize=4096)
def _midnight(zone: ZoneInfo, day: int) -> int:
    return time.local_midnight(time.date_of(day), zone)


@dataclass(frozen=True, slots=True)
class LocalClock:
    """A zone as devices see it. Instants are UTC epoch seconds."""

    zone: ZoneInfo

    def deviation(self, at: int) -> int:
        """Minutes to add to local time to get UTC."""
        return -_at(self.zone, at // _SLICE)[0]

    def normal_deviation(self, at: int) -> int:
        """The same outside of summer time: the larger of the two of that year."""
        return max(self.deviation(at), self.deviation(at + 182 * time.DAY))

    def is_summer(self, at: int) -> bool:
        """True while daylight saving is in force."""
        return _at(self.zone, at // _SLICE)[1]

    def stamp(self, at: int) -> bytes:
        """The COSEM date-time (12 bytes) of an instant."""
        status = clock.SUMMER_TIME if self.is_summer(at) else 0
        return clock.encode(at, self.deviation(at), status)

    def instant(self, raw: bytes) -> int:
        """The instant of a COSEM date-time; without deviation it is read in this zone."""
        stamp = clock.decode(raw)
        if stamp.deviation is not None:
            return stamp.utc
        naive = datetime.fromtimestamp(stamp.local, UTC).replace(tzinfo=self.zone)
        return time.epoch_of(naive)

    def spans(self, first: int, count: int, step: int) -> Iterator[tuple[int, int]]:
        """`count` stamps from `first` every `step` seconds, cut where the deviation changes:
        (first stamp, how many)."""
        while count:
            same = self._same(first, count, step)
            yield first, same
            first, count = first + same * step, count - same

    def _same(self, first: int, count: int, step: int) -> int:
        """How many of the stamps share the first one's deviation (at most one change)."""
        here = self.deviation(first)
        low, high = 1, count
        if self.deviation(first + (count - 1) * step) == here:
            return count
        while low < high:
            middle = (low + high + 1) // 2
            if self.deviation(first + (middle - 1) * step) == here:
                low = middle
            else:
                high = middle - 1
        return low

    def midnight_after(self, at: int) -> int:
        """The first day change later than an instant."""
        day = (at - self.deviation(at) * 60) // time.DAY
        return next(
            midnight for ahead in range(3) if (midnight := _midnight(self.zone, day + ahead)) > at
        )

    def midnight_until(self, at: int) -> int:
        """The last day change up to an instant."""
        day = (at - self.deviation(at) * 60) // time.DAY
        return next(
            midnight
            for back in range(-1, 3)
            if (midnight := _midnight(self.zone, day - back)) <= at
        )

    def week_end_after(self, at: int) -> int:
        """The first Monday 00:00 later than an instant."""
        at = self.midnight_after(at)
        while self._weekday(at):
            at = self.midnight_after(at)
        return at

    def week_end_until(self, at: int) -> int:
        """The last Monday 00:00 up to an instant."""
        at = self.midnight_until(at)
        while self._weekday(at):
            at = self.midnight_until(at - 1)
        return at

    def _weekday(self, at: int) -> int:
        return datetime.fromtimestamp(at, self.zone).weekday()

    def summer_times(self, at: int, years: int = 2) -> list[tuple[int, int]]:
        """Begin and end of the summer times that end within `years` after an instant."""
        changes = self._changes(at - 366 * time.DAY, at + years * 366 * time.DAY)
        begins = [change for change in changes if self.is_summer(change)]
        ends = [change for change in changes if not self.is_summer(change)]
        pairs = ((begin, min((e for e in ends if e > begin), default=0)) for begin in begins)
        return [(begin, end) for begin, end in pairs if end > at]

    def _changes(self, first: int, last: int) -> list[int]:
        begin = first - first % _SLICE
        found = []
        while begin < last:
            count = min(96, (last - begin) // _SLICE + 1)
            same = self._same(begin, count, _SLICE)
            begin += same * _SLICE
            if same < count:
                found.append(begin)
        return found
