"""Tables of regular intervals: rows become runs of consecutive values, column by column.

The hot path of collection. Rows come in pieces of one shape. With compressed keys a meter is one
piece of a keyed row and one of all its next rows, which is taken over whole; with keys written in
full, a piece is cut where meter, status or deviation change or an interval is missing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, repeat
from typing import Any
from zoneinfo import ZoneInfo

from devices.drivers.base import LINES_PER_BATCH
from devices.drivers.cosem.stamps import instant
from devices.drivers.cosem.tables.base import Cells, Layout, TableReader
from devices.protocol.errors import GarbledError
from devices.protocol.rows import Run
from devices.protocol.tables import Table
from hes.domain.records import Record

PERIODS = (15, 60)

Identity = tuple[Any, ...]
"""Cycle, MAC ... period: the key cells before the clock."""
Moment = tuple[int, int]
"""UTC epoch seconds and offset."""


@dataclass(slots=True)
class Stretch:
    """Consecutive intervals of one identity; `channels` hold None where nothing is collected."""

    identity: Identity
    first_end: int
    offset: int
    status: int
    count: int
    channels: list[Any] = field(default_factory=list)

    @property
    def step(self) -> int:
        """Seconds of one interval."""
        return int(self.identity[-1]) * 60

    @property
    def next_end(self) -> int:
        """Where the interval after the last one ends."""
        return self.first_end + self.count * self.step

    def goes_on_with(self, other: "Stretch") -> bool:
        """`other` is the same series without gap, change of offset, status or channels."""
        return (
            self.next_end == other.first_end
            and self.identity == other.identity
            and self.status == other.status
            and self.offset == other.offset
            and self._collected() == other._collected()
        )

    def _collected(self) -> list[bool]:
        return [cells is not None for cells in self.channels]

    def append(self, other: "Stretch") -> None:
        """Take over the values of the stretch that follows."""
        self.count += other.count
        for cells, more in zip(self.channels, other.channels, strict=True):
            if cells is not None:
                cells.extend(more)

    def cut(self, limit: int) -> Iterator["Stretch"]:
        """Itself in pieces of at most `limit` intervals."""
        for at in range(0, self.count, limit):
            count = min(limit, self.count - at)
            cells = [c if c is None else tuple(c[at : at + count]) for c in self.channels]
            first_end = self.first_end + at * self.step
            yield Stretch(self.identity, first_end, self.offset, self.status, count, cells)


Build = Callable[[Stretch], Record]


class SeriesReader:
    """Columns in our order are: identity (the period last), clock, status, then the channels."""

    def __init__(self, build: Build, channels: int, layout: Layout, zone: ZoneInfo) -> None:
        self._build = build
        self._layout = layout
        self._zone = zone
        self._width = len(layout.table.columns) - channels - 2
        self._longest = LINES_PER_BATCH // channels
        self._open: Stretch | None = None

    def feed(self, run: Run) -> Iterator[Record]:
        for columns, count in self._layout.pieces(run):
            for stretch in self._stretches(columns, count):
                yield from self._add(stretch)

    def finish(self) -> Iterator[Record]:
        if self._open is not None:
            yield from map(self._build, self._open.cut(self._longest))

    def _add(self, stretch: Stretch) -> Iterator[Record]:
        if self._open is not None:
            if self._open.count < self._longest and self._open.goes_on_with(stretch):
                self._open.append(stretch)
                return
            yield from self.finish()
        stretch.channels = [None if cells is None else list(cells) for cells in stretch.channels]
        self._open = stretch

    def _stretches(self, columns: list[Cells], count: int) -> Iterator[Stretch]:
        keys = columns[: self._width]
        clock, status, *channels = columns[self._width :]
        if not any(keys) and clock is None and status is None:
            above = self._above("key cells")
            yield Stretch(
                above.identity, above.next_end, above.offset, above.status, count, channels
            )
            return
        start = 0
        for identity, rows in groupby(self._identities(keys, count)):
            stop = start + sum(1 for _ in rows)
            stamps = self._stamps(keys, clock, start, stop)
            statuses = self._statuses(status, start, stop)
            part = [_part(cells, start, stop) for cells in channels]
            yield from self._cut(identity, stamps, statuses, part)
            start = stop

    def _identities(self, keys: list[Cells], count: int) -> Iterator[Identity]:
        filled = [
            repeat(self._above("identity").identity[place], count) if cells is None else cells
            for place, cells in enumerate(keys)
        ]
        return zip(*filled, strict=True)

    def _stamps(self, keys: list[Cells], clock: Cells, start: int, stop: int) -> list[Moment]:
        if clock is not None:
            return [instant(raw, self._zone) for raw in clock[start:stop]]
        above = self._above("clock")
        if any(keys):
            raise self._wrong("a row names its meter but not its clock")
        return [(above.next_end + row * above.step, above.offset) for row in range(stop - start)]

    def _statuses(self, status: Cells, start: int, stop: int) -> Sequence[int]:
        if status is None:
            return [self._above("status").status] * (stop - start)
        return status[start:stop]

    def _cut(
        self,
        identity: Identity,
        stamps: list[Moment],
        statuses: Sequence[int],
        channels: list[Cells],
    ) -> Iterator[Stretch]:
        """The rows of one identity, cut where they are not consecutive or their status changes."""
        if identity[-1] not in PERIODS:
            raise self._wrong(f"period of {identity[-1]} minutes")
        step, start, rows = identity[-1] * 60, 0, len(stamps)
        for row in range(1, rows + 1):
            if row < rows and statuses[row] == statuses[row - 1]:
                end, offset = stamps[row - 1]
                if stamps[row] == (end + step, offset):
                    continue
            part = [_part(cells, start, row) for cells in channels]
            yield Stretch(identity, *stamps[start], statuses[start], row - start, part)
            start = row

    def _above(self, what: str) -> Stretch:
        """The series the row above belongs to: the open one ends with it."""
        if self._open is None:
            raise self._wrong(f"{what} not given in the first row")
        return self._open

    def _wrong(self, what: str) -> GarbledError:
        return GarbledError(f"{self._layout.table.title}: {what}")


def _part(cells: Cells, start: int, stop: int) -> Cells:
    return None if cells is None else cells[start:stop]


def series_table(table: Table, build: Build, channels: int = 1) -> TableReader:
    """A table of intervals with so many value columns at its end."""

    def reader(layout: Layout, zone: ZoneInfo) -> SeriesReader:
        return SeriesReader(build, channels, layout, zone)

    return TableReader(table, reader)
