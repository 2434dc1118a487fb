"""Tables that grow: which meter delivered which rows in which cycle (companion profile 3.2).

A *delivery* is what one meter brought in one cycle: its rows with `after < clock <= until`. A meter
that answers with nothing new gets its newest row stamped again. A clock range gives each row once,
under the cycle of its first delivery, which may be the running one: that one has brought so far
what was measured so far. A cycle range shows finished cycles and the repeated stamps as well.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from devices.protocol.tables import Table
from devices.simulator.entries import MeterEntry
from devices.simulator.population import Meter
from devices.simulator.tables.rows import Run
from devices.simulator.tables.view import View

DAY = 86_400


@dataclass(frozen=True, slots=True)
class CycleRange:
    """Rows stamped with a cycle of [first, last]."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ClockRange:
    """Rows with a clock of [first, last], UTC epoch seconds."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class OneMeter:
    """Rows of one meter."""

    mac: bytes


@dataclass(frozen=True, slots=True)
class Everything:
    """The whole buffer."""


Scope = CycleRange | ClockRange | OneMeter | Everything


@dataclass(frozen=True, slots=True)
class Delivery:
    """One meter's rows with `after < clock <= until`, delivered in `cycle`."""

    cycle: int
    meter: Meter
    after: int
    until: int


class Journal(ABC):
    """A growing table. Subclasses say when a meter has rows and what stands in them."""

    table: ClassVar[Table]
    days: ClassVar[int]
    distortable: ClassVar[bool] = False

    @abstractmethod
    def is_collected(self, entry: MeterEntry) -> bool:
        """Whether a meter's entry asks for this table."""

    @abstractmethod
    def next_time(self, view: View, meter: Meter, after: int) -> int:
        """Clock of the first row later than an instant."""

    @abstractmethod
    def last_time(self, view: View, meter: Meter, until: int) -> int:
        """Clock of the newest row up to an instant."""

    @abstractmethod
    def runs(self, view: View, delivery: Delivery) -> Iterator[Run]:
        """The rows of a delivery."""

    def oldest(self, view: View) -> int:
        """Rows with a clock up to this instant are forgotten."""
        days = self.days if view.retention_days is None else view.retention_days
        return max(view.now - days * DAY, 0)

    def select(self, view: View, scope: Scope) -> list[Run]:
        """All rows of a scope, in the order cycle, row of the meter, register, clock."""
        deliveries = sorted(self.deliveries(view, scope), key=lambda each: each.cycle)
        runs: Iterable[Run] = (run for each in deliveries for run in self.runs(view, each))
        if view.distort and self.distortable:
            runs = (piece for run in runs for piece in view.distort(run))
        return list(runs)

    def deliveries(self, view: View, scope: Scope) -> Iterator[Delivery]:
        """All deliveries of a scope, by meter and cycle."""
        number, oldest = self.table.number, self.oldest(view)
        finished = view.rounds.finished(number, view.now)
        span = CycleRange(view.rounds.first_for(number, oldest + 1), finished)
        for meter in self.collected(view):
            if isinstance(scope, ClockRange):
                first, last = (
                    max(scope.first - 1, self._begin(view, meter)),
                    min(scope.last, view.now),
                )
                yield from self._by_clock(view, meter, first, last, finished + 1)
            elif isinstance(scope, CycleRange):
                first, last = max(scope.first, span.first), min(scope.last, finished)
                yield from self._by_cycle(view, meter, CycleRange(first, last))
            elif isinstance(scope, Everything) or scope.mac == meter.mac:
                yield from self._by_cycle(view, meter, span)

    def collected(self, view: View) -> Iterator[Meter]:
        """The meters of which this table is collected."""
        return (meter for meter in view.meters if self.is_collected(view.entry(meter)))

    def _begin(self, view: View, meter: Meter) -> int:
        """Rows with a clock up to this instant are forgotten, or older than the meter's service."""
        return max(self.oldest(view), view.standing(meter).since)

    def _by_cycle(self, view: View, meter: Meter, cycles: CycleRange) -> Iterator[Delivery]:
        number, rounds = self.table.number, view.rounds
        before: int | None = None
        for cycle in range(cycles.first, cycles.last + 1):
            if not rounds.answers(meter.serial, number, cycle):
                continue
            if before is None:
                before = rounds.answered_before(meter.serial, number, cycle)
            after = max(rounds.end(number, before), self._begin(view, meter))
            yield self._delivery(view, meter, cycle, after)
            before = cycle

    def _delivery(self, view: View, meter: Meter, cycle: int, after: int) -> Delivery:
        """What is new since `after`, else the newest row again."""
        until = view.rounds.end(self.table.number, cycle)
        if self.next_time(view, meter, after) > until:
            until = self.last_time(view, meter, until)
            after = until - 1
        return Delivery(cycle, meter, after, until)

    def _by_clock(
        self, view: View, meter: Meter, after: int, last: int, running: int
    ) -> Iterator[Delivery]:
        number, rounds = self.table.number, view.rounds
        while (at := self.next_time(view, meter, after)) <= last:
            first = rounds.first_for(number, at)
            cycle = rounds.answered_from(meter.serial, number, first, running)
            if cycle is None:
                return
            until = min(rounds.end(number, cycle), last)
            yield Delivery(cycle, meter, after, until)
            after = until


class Newest(Journal):
    """A table that keeps one set of rows per meter: those of its last answered cycle."""

    days = 0

    def next_time(self, view: View, meter: Meter, after: int) -> int:
        """The end of the next cycle."""
        number = self.table.number
        return view.rounds.end(number, view.rounds.first_for(number, after + 1))

    def last_time(self, view: View, meter: Meter, until: int) -> int:
        """The end of the last cycle."""
        number = self.table.number
        return view.rounds.end(number, view.rounds.finished(number, until))

    def deliveries(self, view: View, scope: Scope) -> Iterator[Delivery]:
        """At most one per meter."""
        number, rounds = self.table.number, view.rounds
        for meter in self.collected(view):
            finished = rounds.finished(number, view.now)
            cycle = rounds.answered_before(meter.serial, number, finished + 1)
            end = rounds.end(number, cycle)
            if rounds.is_silent(meter.serial) or end <= view.standing(meter).since:
                continue
            if _holds(scope, meter, cycle, end):
                yield Delivery(cycle, meter, end - 1, end)


def _holds(scope: Scope, meter: Meter, cycle: int, end: int) -> bool:
    if isinstance(scope, CycleRange):
        return scope.first <= cycle <= scope.last
    if isinstance(scope, ClockRange):
        return scope.first <= end <= scope.last
    return isinstance(scope, Everything) or scope.mac == meter.mac
