"""The lines of one batch (5,000 at most) into a committed export block, zlib level 1, against one
write and fdatasync of the same lines at the end of a segment file.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from django.db import connection, transaction

from benchmarks.bench import Bench
from benchmarks.encoding import METERS, ROWS, Texts, runs, texts
from benchmarks.race import Result, race
from benchmarks.servers import empty_database
from devices import partitions
from devices.drivers.base import LINES_PER_BATCH
from devices.models import Company
from devices.outbox.blocks import Blocks, open_transaction

PROMISE = 0.3
COMPANY = 1
SHORT = 3  # times as many rounds: each takes a tenth of a second


@dataclass(frozen=True, slots=True)
class Label:
    """What all blocks of a benchmark say; `day` None: as the product fixes it, today."""

    kind: str = "S"
    offset: int = -240
    day: date | None = None


SAMPLES = Label()


def run(bench: Bench) -> Iterator[Result]:
    """Both sides make every batch durable before the next one."""
    batches = day_batches()
    lines = lines_of(batches)
    with empty_database():
        make_company()
        yield race(
            "bulk block insert, zlib 1", lambda: store_all(batches),
            segment(bench.home / "segment", batches), promise=PROMISE, rounds=SHORT * bench.rounds,
            items=lines,
        )  # fmt: skip


def make_company() -> None:
    """Whose blocks all these are, and room for them."""
    partitions.ensure_around(datetime.now(UTC).date(), 1)
    Company.objects.create(pk=COMPANY, name="Bench", code="bench", time_zone="UTC")


def store(batch: Texts, concentrator: int, label: Label = SAMPLES) -> None:
    """One batch as the product stores it, in a transaction of its own."""
    with transaction.atomic(), connection.cursor() as cursor:
        moment = open_transaction(cursor)
        blocks = Blocks(COMPANY, concentrator)
        for meter, text in batch:
            blocks.add(label.kind, label.offset, meter, text)
        blocks.store(cursor, label.day or moment.date())


def store_all(batches: list[Texts], label: Label = SAMPLES) -> None:
    """One batch after the other, each of another concentrator."""
    for number, batch in enumerate(batches, 1):
        store(batch, number, label)


def segment(path: Path, batches: list[Texts]) -> Callable[[], None]:
    """Writes the same lines to the end of a new file, each batch durable before the next."""

    def write() -> None:
        with path.open("wb", buffering=0) as file:
            for batch in batches:
                file.write("".join([text for _, text in batch]).encode())
                os.fdatasync(file)

    return write


def day_batches(meters: int = METERS, rows: int = ROWS) -> list[Texts]:
    """So many rows of some meters, as many meters at a time as fit into a batch."""
    every = list(texts(runs(meters, rows=rows)))
    size = LINES_PER_BATCH // every[0][1].count("\n")
    return [every[start : start + size] for start in range(0, len(every), size)]


def lines_of(batches: list[Texts]) -> int:
    """All lines of some batches."""
    return sum(text.count("\n") for batch in batches for _, text in batch)
