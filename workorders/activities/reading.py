"""What a collection reads: from the state of its tables to windows, without touching anything.

A *reader* names one cursor over a table's cycles (`collection_cycle`); status words and events
have two readers. Source: companion profile 3.2, 3.3, 5.4.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from zoneinfo import ZoneInfo

from devices.drivers.base import (
    CYCLES_PER_GET,
    Batch,
    Cycles,
    Period,
    Refused,
    Table,
    TableState,
    Whole,
    Window,
)
from hes.domain.records import Record
from hes.domain.time import DAY, local_midnight


class Access(Enum):
    """How a table is asked."""

    BY_CYCLE = "by cycle"  # ranges of cycles, or of time where a slot names a window
    NEWEST = "newest"  # the whole buffer; only rows of new cycles count
    SNAPSHOT = "snapshot"  # the whole buffer, without cycles


@dataclass(frozen=True, slots=True)
class Source:
    """One table of a collection, read under a cursor of its own.

    `keeps` are the record kinds this reader takes from the table; `counts_nrn` says that the table
    decides which meters were reached.
    """

    table: Table
    reader: str
    keeps: tuple[type[Record], ...]
    access: Access = Access.BY_CYCLE
    counts_nrn: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """What planning knows: the tables as identified, the recorded cycles, the slot's window."""

    tables: Mapping[Table, TableState]
    recorded: Mapping[str, int]
    zone: ZoneInfo
    window: Period | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """One GET. When its last batch is recorded, `cycles` becomes the cursor of the reader.

    `cycles` is None where no cursor moves. The last read of a range with `counts_nrn` decides over
    all meters of the range (once per collection).
    """

    source: Source
    window: Window
    cycles: Cycles | None = None
    counts_nrn: bool = False

    def keep(self, batch: Batch) -> Batch:
        """The part of a batch that is new and wanted by this reader."""
        records = tuple(record for record in batch.records if self._wants(record))
        if self.source.access is not Access.NEWEST:
            return Batch(records, batch.seen)
        return Batch(records, frozenset(record.mac for record in records))

    def _wants(self, record: Record) -> bool:
        if not isinstance(record, self.source.keeps):
            return False
        if self.source.access is not Access.NEWEST or self.cycles is None:
            return True
        cycle: int | None = getattr(record, "cycle", None)
        return cycle is None or cycle >= self.cycles.first


@dataclass(frozen=True, slots=True)
class Collection:
    """A scheduled activity: its sources in the order they are read."""

    name: str
    sources: tuple[Source, ...] = field(default_factory=tuple)

    def plan(self, situation: Situation) -> tuple[Read, ...]:
        """The reads that are due now; empty when no table has anything new.

        Raises Refused when the concentrator does not keep one of the tables.
        """
        return tuple(read for source in self.sources for read in _reads(source, situation))


def _reads(source: Source, situation: Situation) -> Iterator[Read]:
    if source.access is Access.SNAPSHOT:
        yield Read(source, Whole())
        return
    state = situation.tables.get(source.table)
    if state is None:
        raise Refused(f"[TB_ACK_104] UNDEFINED: the concentrator keeps no table {source.table}")
    if situation.window and source.access is Access.BY_CYCLE:
        yield from _by_day(source, state, situation, situation.window)
    else:
        yield from _new_cycles(source, state, situation.recorded.get(source.reader))


def _new_cycles(source: Source, state: TableState, recorded: int | None) -> Iterator[Read]:
    """Cycles (recorded, finished], oldest first; a lower number than recorded is a new start."""
    restarted = recorded is not None and state.finished < recorded
    first = state.oldest if recorded is None or restarted else max(recorded + 1, state.oldest)
    if first > state.finished:
        return
    counts = source.counts_nrn and not restarted
    if source.access is Access.NEWEST:
        yield Read(source, Whole(), Cycles(first, state.finished), counts)
        return
    for begin in range(first, state.finished + 1, CYCLES_PER_GET):
        end = min(begin + CYCLES_PER_GET - 1, state.finished)
        cycles = Cycles(begin, end)
        yield Read(source, cycles, cycles, counts and end == state.finished)


def _by_day(
    source: Source, state: TableState, situation: Situation, window: Period
) -> Iterator[Read]:
    """One local day per GET. A reader without a cursor starts at what is finished now.

    An existing cursor stays where it is: nothing between it and the window is skipped.
    """
    days = tuple(local_days(window, situation.zone))
    starts = source.reader not in situation.recorded
    for day in days:
        moves = starts and day is days[-1]
        yield Read(source, day, Cycles(state.oldest, state.finished) if moves else None)


def local_days(window: Period, zone: ZoneInfo) -> Iterator[Period]:
    """The window cut after each local midnight: stamps are ends, 00:00 ends the day before."""
    first = window.first
    while first <= window.last:
        last = min(_next_midnight(first, zone), window.last)
        yield Period(first, last)
        first = last + 1


def _next_midnight(instant: int, zone: ZoneInfo) -> int:
    """The first beginning of a local day at or after an instant."""
    for moment in (instant, instant + DAY, instant + 2 * DAY):
        midnight = local_midnight(datetime.fromtimestamp(moment, UTC).astimezone(zone).date(), zone)
        if midnight >= instant:
            return midnight
    raise AssertionError("a civil day is never longer than two days")
