"""The CSV sink, from committed blocks to the daily file and its ledger, against nothing but writes
of the same lines, each of 8 MiB like a pass of the sink and with its own fdatasync. Informative.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from benchmarks.bench import Bench
from benchmarks.blocks import day_batches, lines_of, store_all
from benchmarks.encoding import Texts
from benchmarks.race import Result, race
from benchmarks.servers import empty_database
from devices import partitions
from devices.models import Company
from integration.export.cursor import PASS_BYTES
from integration.export.ownership import ownership
from integration.export.sinks.csv_files import CsvFiles

METERS = 2_000


def run(bench: Bench) -> Iterator[Result]:
    """Each run of the sink finds new blocks and appends them to the file of the day."""
    batches = day_batches(METERS)
    data = "".join(text for batch in batches for _, text in batch).encode()
    with empty_database():
        partitions.ensure_around(datetime.now(UTC).date(), 1)
        Company.objects.create(pk=1, name="Bench", code="bench", time_zone="UTC")
        yield race(
            "relay to CSV", lambda: _export(bench.home / "export", batches),
            lambda: _write(bench.home / "segment", data), rounds=bench.rounds,
            items=lines_of(batches),
        )  # fmt: skip


def _export(root: Path, batches: list[Texts]) -> float:
    store_all(batches)
    sink = CsvFiles(root)
    with ownership(sink.name, root) as owner:
        assert owner is not None
        begin = perf_counter()
        lines = 0
        while moved := sink.move(owner):
            lines += sum(growth.lines for growth in moved)
        seconds = perf_counter() - begin
    assert lines == lines_of(batches)
    return seconds


def _write(path: Path, data: bytes) -> None:
    with path.open("wb", buffering=0) as file:
        for start in range(0, len(data), PASS_BYTES):
            file.write(data[start : start + PASS_BYTES])
            os.fdatasync(file)
