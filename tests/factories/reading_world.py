"""Contacts and collections of the simulated world: the other half of every visit.

A concentrator is down at times, and keeps the line of a worker that died for a while; its cycles
go on by the clock, meters answer in some of them, and what was bad may be good when read again.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import dataclass, field

from devices.reachability import Outcome
from tests.factories.order_field import Claim, Lane, Violation, Worker
from tests.factories.reading_records import Records

GRACE = 120.0  # seconds after a take-over in which a miss may be our own fault (design 7)
LINE_HELD = 60.0  # seconds a concentrator keeps a session in which nothing is said
CYCLE = 60.0  # seconds
SILENT, BAD, BROKEN, BACKFILL = 0.2, 0.1, 0.1, 0.3  # shares


class Broken(Exception):
    """The line: the visit is over and says nothing of the meters."""


@dataclass
class Endpoint:
    """A concentrator as it really is. `cycles`: meter -> is its value good, for those with one."""

    meters: tuple[int, ...]
    down_until: float = 0.0
    held_until: float = 0.0
    spoken_at: float = 0.0
    holder: Worker | None = None
    cycles: list[dict[int, bool]] = field(default_factory=list)


class ReadingWorld(ABC):
    """What the world of orders takes over; `without` "grace", "cycles" or "ledger" breaks it."""

    dice: random.Random
    now: float
    faults: bool
    without: str
    lanes: list[Lane]

    def furnish(self, meters: int) -> None:
        """Endpoints for the lanes."""
        count = len(self.lanes)
        self.begun_at, self.records = self.now, Records()
        self.counted: dict[tuple[int, int], int] = {}  # the last cycle that counted for a meter
        self.endpoints = [Endpoint(tuple(range(lane, meters, count))) for lane in range(count)]

    def break_down(self) -> None:
        """A concentrator is away for a while."""
        self.dice.choice(self.endpoints).down_until = self.now + self.dice.uniform(0, 200)

    def hold_line(self, worker: Worker, until: float) -> None:
        """The session of a worker that says nothing stays open at the other end for a while."""
        for endpoint in self.endpoints:
            if endpoint.holder is worker:
                endpoint.held_until = min(until, endpoint.spoken_at + LINE_HELD)

    def hang_up(self, worker: Worker) -> None:
        """It closes its session by itself."""
        for endpoint in self.endpoints:
            if endpoint.holder is worker:
                endpoint.holder, endpoint.held_until = None, 0.0

    def is_collected(self) -> bool:
        """Every finished cycle is recorded, and all that was delivered has left."""
        return all(
            self.records.recorded(lane) == len(endpoint.cycles)
            and all(
                (meter, cycle) in self.records.left
                for cycle, values in enumerate(endpoint.cycles, start=1)
                for meter in values
            )
            for lane, endpoint in enumerate(self.endpoints)
        )

    # --- a visit ----------------------------------------------------------------------------------

    def connect(self, claim: Claim) -> Generator[None, None, None]:
        """One contact attempt, noted once."""
        endpoint, device = self.endpoints[claim.lane], f"concentrator {claim.lane}"
        yield
        self.require_lease(claim)
        is_down = self.faults and endpoint.down_until > self.now
        is_held = endpoint.held_until > self.now and endpoint.holder is not claim.worker
        if not (is_down or is_held):
            endpoint.holder, endpoint.spoken_at = claim.worker, self.now
        yield
        self.fence(claim)
        if not (is_down or is_held):
            self.records.contact(device, Outcome.MADE)
            return
        if not claim.was_taken_over or self.without == "grace":
            self.records.contact(device, Outcome.MISSED)
            if not is_down:
                raise Violation(f"{device} is charged with a miss of our own dead worker")
        raise Broken

    def collect(self, claim: Claim) -> Generator[None, None, None]:
        """The new cycles or, at times, old ones once more; one batch per meter."""
        endpoint = self.endpoints[claim.lane]
        self._finish_cycles(endpoint)
        finished, recorded = len(endpoint.cycles), self.records.recorded(claim.lane)
        if not finished:
            return
        is_backfill = self.dice.random() < BACKFILL
        first = max(1, recorded - 5) if is_backfill else recorded + 1
        seen = set()
        for meter in endpoint.meters:
            yield
            if self.faults and self.dice.random() < BROKEN:
                raise Broken
            if rows := self._read(endpoint, meter, first):
                seen.add(meter)
                self._record(claim, meter, rows)
        yield
        self._close(claim, finished, None if is_backfill else seen)

    def exchange(self, claim: Claim, meter: int, outcome: Outcome) -> None:
        """An order has met its meter, or missed it."""
        self.fence(claim)
        self.records.contact(f"meter {meter}", outcome)

    @abstractmethod
    def fence(self, claim: Claim) -> None:
        """Raises LeaseLost unless the lane is still the claim's."""

    @abstractmethod
    def require_lease(self, claim: Claim) -> None:
        """Raises LeaseLost when the worker's own clock says so."""

    def _finish_cycles(self, endpoint: Endpoint) -> None:
        while self.faults and len(endpoint.cycles) < int((self.now - self.begun_at) / CYCLE):
            answering = [m for m in endpoint.meters if self.dice.random() > SILENT]
            endpoint.cycles.append({m: self.dice.random() > BAD for m in answering})

    def _read(self, endpoint: Endpoint, meter: int, first: int) -> dict[int, bool]:
        """Its rows from a cycle on; what is bad may have become good."""
        endpoint.spoken_at, rows = self.now, {}
        for cycle, values in enumerate(endpoint.cycles[first - 1 :], start=first):
            if meter in values:
                rows[cycle] = values[meter]
                values[meter] |= self.dice.random() < 0.5
        return rows

    def _record(self, claim: Claim, meter: int, rows: dict[int, bool]) -> None:
        self.fence(claim)
        self.records.samples(meter, rows, asks_ledger=self.without != "ledger")

    def _close(self, claim: Claim, finished: int, seen: set[int] | None) -> None:
        """With the last batch: who answered in the new cycles, counted once."""
        self.fence(claim)
        if seen is None:
            return
        is_new = self.records.advance(claim.lane, finished)
        if is_new or self.without == "cycles":
            for meter in self.endpoints[claim.lane].meters:
                self._count(claim.lane, meter, finished, meter in seen)

    def _count(self, lane: int, meter: int, finished: int, has_row: bool) -> None:
        counted = self.counted.setdefault((lane, meter), 0)
        if finished <= counted:
            raise Violation(f"meter {meter} is counted again for cycle {finished}")
        self.counted[lane, meter] = finished
        self.records.contact(f"meter {meter}", Outcome.MADE if has_row else Outcome.MISSED)
