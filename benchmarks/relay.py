"""From committed blocks to what each sink makes durable, against nothing but writes of the same
lines, each with its own fdatasync: the CSV sink with its ledger, 8 MiB a write like its passes
(informative), and the relay, whose packed messages the local hub acknowledges when they are on its
disk, 1 MiB a write like the batches of the official client.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

from benchmarks.bench import Bench
from benchmarks.blocks import day_batches, lines_of, make_company, store_all
from benchmarks.encoding import Texts
from benchmarks.hubs import local_hub
from benchmarks.race import Result, race
from benchmarks.relaying import relaying, route_of
from benchmarks.servers import empty_database
from integration.export.cursor import PASS_BYTES
from integration.export.ownership import ownership
from integration.export.sinks.csv_files import CsvFiles

PROMISE = 0.1
METERS, MORE = 2_000, 2  # times as many rounds of what has a promise
HUB, BATCH_BYTES = "hes-s", 1 << 20


def run(bench: Bench) -> Iterator[Result]:
    """Each run of a sink finds new blocks."""
    batches = day_batches(METERS)
    data = "".join(text for batch in batches for _, text in batch).encode()
    with empty_database():
        make_company()
        yield race(
            "relay to CSV", lambda: _export(bench.home / "export", batches),
            _writing(bench.home / "segment", data, PASS_BYTES), rounds=bench.rounds,
            items=lines_of(batches),
        )  # fmt: skip
    with empty_database(), local_hub(bench.home, HUB) as access:
        make_company()
        with relaying(access, route_of("S")) as send:
            yield race(
                "relay packed to the hub", lambda: _send(send, batches),
                _writing(bench.home / "segment", data, BATCH_BYTES), promise=PROMISE,
                rounds=MORE * bench.rounds, items=lines_of(batches),
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


def _send(send: Callable[[int], float], batches: list[Texts]) -> float:
    store_all(batches)
    return send(lines_of(batches))


def _writing(path: Path, data: bytes, size: int) -> Callable[[], None]:
    """Writes so many bytes at a time, each durable before the next."""

    def write() -> None:
        with path.open("wb", buffering=0) as file:
            for start in range(0, len(data), size):
                file.write(data[start : start + size])
                os.fdatasync(file)

    return write
