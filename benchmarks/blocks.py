"""The lines of one batch (5,000 at most) into a committed export block, zlib level 1, against one
write and fdatasync of the same lines at the end of a segment file.
"""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection, transaction

from benchmarks.bench import Bench
from benchmarks.encoding import METERS, Texts, runs, texts
from benchmarks.race import Result, race
from benchmarks.servers import empty_database
from devices import partitions
from devices.drivers.base import LINES_PER_BATCH
from devices.outbox.blocks import Blocks, open_transaction

PROMISE = 0.3
COMPANY, CONCENTRATOR, OFFSET = 1, 1, -240


def run(bench: Bench) -> Iterator[Result]:
    """Both sides make every batch durable before the next one."""
    batches = day_batches()
    lines = lines_of(batches)
    with empty_database():
        partitions.ensure_around(datetime.now(UTC).date(), 1)
        yield race(
            "bulk block insert, zlib 1", lambda: store_all(batches),
            segment(bench.home / "segment", batches), promise=PROMISE, rounds=bench.rounds,
            items=lines,
        )  # fmt: skip


def store(batch: Texts) -> None:
    """One batch as the product stores it, in a transaction of its own."""
    with transaction.atomic(), connection.cursor() as cursor:
        moment = open_transaction(cursor)
        blocks = Blocks(COMPANY, CONCENTRATOR)
        for meter, text in batch:
            blocks.add("S", OFFSET, meter, text)
        blocks.store(cursor, moment.date())


def store_all(batches: list[Texts]) -> None:
    """One batch after the other."""
    for batch in batches:
        store(batch)


def segment(path: Path, batches: list[Texts]) -> Callable[[], None]:
    """Writes the same lines to the end of a new file, each batch durable before the next."""

    def write() -> None:
        with path.open("wb", buffering=0) as file:
            for batch in batches:
                file.write("".join([text for _, text in batch]).encode())
                os.fdatasync(file)

    return write


def day_batches(meters: int = METERS) -> list[Texts]:
    """The lines of a day of some meters, as many meters at a time as fit into a batch."""
    every = list(texts(runs(meters)))
    size = LINES_PER_BATCH // every[0][1].count("\n")
    return [every[start : start + size] for start in range(0, len(every), size)]


def lines_of(batches: list[Texts]) -> int:
    """All lines of some batches."""
    return sum(text.count("\n") for batch in batches for _, text in batch)
