"""From the bytes of table answers to committed blocks, one process per core: decode (session, rows,
records), slot ledger, lines, blocks, statistics. Visits read a day of 100 meters, in runs of up to
24 rows as six-hour cycles bring them. The limit only makes the bytes of the same lines from the
same records, on all cores at once. Shares are those of one process alone.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from os import cpu_count
from statistics import median
from time import perf_counter
from typing import TypeVar

from benchmarks import visiting
from benchmarks.answers import COMPACT, ENCODINGS, ROW_WISE, ZONE, Encoding
from benchmarks.bench import Bench
from benchmarks.field import SEED, provision
from benchmarks.race import Result, measured, race
from benchmarks.servers import empty_database, setup, truncate
from devices.choices import Activity
from devices.simulator.population import Fleet
from workorders import lanes, slots

PROMISES = {COMPACT: 0.15, ROW_WISE: 0.06}
VISITS_EACH, METERS, ROWS = 4, 100, 96
CORES = cpu_count() or 1
DAYS_AGO = timedelta(days=2)
T = TypeVar("T")
RECORDED = ("slot_ledger", "export_block")


def run(bench: Bench) -> Iterator[Result]:
    """The processes live over all rounds; what they recorded is emptied between two."""
    fleet = Fleet.generate(SEED, VISITS_EACH * CORES, METERS, ZONE.key)
    day = (datetime.now(ZONE) - DAYS_AGO).date()
    with empty_database():
        _, ids = provision(bench.home / "pipeline", fleet.size, METERS)
        lanes.ensure()
        slots.request(ids, [Activity.LOAD_PROFILE], None, datetime.now(UTC))
        with _crew() as crew:
            for encoding in ENCODINGS:
                work = Work(fleet, day, encoding)
                yield _race(bench, crew, work)
                yield _recording(bench, crew, work)


@dataclass(frozen=True, slots=True)
class Work:
    """What every process does: its claimed part of the fleet's answers of one day."""

    fleet: Fleet
    day: date
    encoding: Encoding


@dataclass(frozen=True, slots=True)
class Crew:
    """One process per core."""

    processes: tuple[ProcessPoolExecutor, ...]

    def all(self, task: Callable[..., int], *arguments: object) -> tuple[int, float]:
        """The sum of what all return, and the seconds until the last one is done."""
        begin = perf_counter()
        running = [process.submit(task, *arguments) for process in self.processes]
        return sum(task.result() for task in running), perf_counter() - begin

    def first(self, task: Callable[..., T], *arguments: object) -> T:
        """What one of them returns while the others rest."""
        return self.processes[0].submit(task, *arguments).result()


@contextmanager
def _crew() -> Iterator[Crew]:
    with ExitStack() as stack:
        processes = [
            stack.enter_context(ProcessPoolExecutor(1, get_context("spawn"), setup))
            for _ in range(CORES)
        ]
        crew = Crew(tuple(processes))
        claimed, _ = crew.all(visiting.claim, VISITS_EACH)
        assert claimed == VISITS_EACH * CORES
        yield crew


def _race(bench: Bench, crew: Crew, work: Work) -> Result:
    job = (work.fleet, work.day, work.encoding)
    lines = work.fleet.size * METERS * ROWS * work.encoding.channels

    def visits() -> float:
        truncate(*RECORDED)
        recorded, seconds = crew.all(visiting.pipeline, *job)
        assert recorded == lines, f"{recorded} lines of {lines}"
        return seconds

    result = race(
        f"visit pipeline, {work.encoding.name}", visits, lambda: crew.all(visiting.encode, *job)[1],
        promise=PROMISES[work.encoding], rounds=bench.rounds, items=lines,
    )  # fmt: skip
    truncate(*RECORDED)
    return replace(result, notes={**result.notes, **crew.first(visiting.stages, *job)})


def _recording(bench: Bench, crew: Crew, work: Work) -> Result:
    """Of a day that is new to the ledger, and of the same day again."""
    new, again = [], []
    for _ in range(bench.rounds):
        truncate(*RECORDED)
        for rates in (new, again):
            rates.append(crew.first(visiting.recording, work.fleet, work.day, work.encoding) / 1e6)
    return measured(
        f"record() of decoded batches, {work.encoding.name}", new, "M/s",
        notes={"M/s when repeated": median(again)},
    )  # fmt: skip
