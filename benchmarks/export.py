"""End to end: 1,000,000 stored S lines wait when `hes export run` starts, one process per sink, and
end in sealed daily files and in a durable local hub, where they are counted by reading both. Memory
is the highest of each process (`VmHWM`), beside that of other processes with 250,000 lines.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from subprocess import Popen
from time import perf_counter

from benchmarks.bench import Bench
from benchmarks.blocks import Label, day_batches, lines_of, make_company, store_all
from benchmarks.hubs import exporter, found, local_hub, sent
from benchmarks.processes import highest, wait_until
from benchmarks.race import Result, measured
from benchmarks.servers import empty_database
from devices import partitions
from integration.export.sinks.event_hub.access import Access
from integration.models import ExportDay, ExportFile

MEGABYTES = 200.0
FEW, MANY = 2_500, 10_000  # meters
ROWS = 50  # of two channels: 100 lines of each meter
HUB = "hes-s"
CURSORS = {"csv_files": "csv_files", "hubs": "hub/bench/S"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one sink: MB at most, and seconds from owning its cursor until all was delivered."""

    megabytes: float
    seconds: float


class Service:
    """A sink at work in a process of its own; `is_done` tells when all is delivered."""

    def __init__(self, process: Popen[bytes], is_done: Callable[[], bool]) -> None:
        self.process, self._is_done = process, is_done
        self._begin = perf_counter()
        self.outcome: Outcome | None = None

    def look(self) -> bool:
        """Note the outcome when it is done; whether it was noted."""
        if self.outcome is None and self._is_done():
            self.outcome = Outcome(highest(self.process.pid), perf_counter() - self._begin)
        return self.outcome is not None


def run(bench: Bench) -> Iterator[Result]:
    """Days that are over, so that their files can be sealed."""
    today = datetime.now(UTC).date()
    with empty_database(), local_hub(bench.home, HUB) as access:
        make_company()
        few, many = (
            _export(bench.home, access, meters, today - timedelta(days=days))
            for meters, days in ((FEW, 2), (MANY, 1))
        )
        stored = found(access, HUB).total()
        assert stored == (FEW + MANY) * 2 * ROWS, f"the hub holds {stored:,} lines"
    for sink in CURSORS:
        yield _result(sink, few[sink], many[sink])


def _result(sink: str, few: Outcome, many: Outcome) -> Result:
    notes = {
        "MB at 250,000": few.megabytes,
        "s": many.seconds,
        "lines per s": MANY * 2 * ROWS / many.seconds,
    }
    name = f"1,000,000 S lines by {sink}"
    return measured(name, [many.megabytes], "MB", MEGABYTES, at_most=True, notes=notes)


def _export(home: Path, access: Access, meters: int, day: date) -> dict[str, Outcome]:
    """By sink; both work at the same time."""
    partitions.ensure("export_block", day, day)
    batches = day_batches(meters, ROWS)
    store_all(batches, Label(day=day))
    goal = sent(CURSORS["hubs"]) + lines_of(batches)
    ends = {"csv_files": lambda: _is_sealed(day), "hubs": lambda: sent(CURSORS["hubs"]) >= goal}
    with ExitStack() as stack:
        services = {
            sink: Service(stack.enter_context(exporter(home, access, sink, CURSORS[sink])), is_done)
            for sink, is_done in ends.items()
        }
        processes = [service.process for service in services.values()]
        wait_until(
            lambda: sum(service.look() for service in services.values()) == len(services),
            f"every line of {day} leaves", *processes,
        )  # fmt: skip
    written = _lines_in_files(home / "export", day)
    assert written == lines_of(batches), f"{written:,} lines in files"
    return {sink: service.outcome for sink, service in services.items() if service.outcome}


def _is_sealed(day: date) -> bool:
    return ExportDay.objects.filter(day=day, sealed_at__isnull=False).exists()


def _lines_in_files(root: Path, day: date) -> int:
    """Counted in the files, headers apart."""
    paths = ExportFile.objects.filter(day=day).values_list("path", flat=True)
    return sum((root / path).read_bytes().count(b"\n") - 1 for path in paths)
