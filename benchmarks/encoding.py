"""S lines of LoadProfileRun records by `devices.outbox.layouts` (one cached template per series)
against csv.writer with strftime per line.
"""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random

from benchmarks.bench import Bench
from benchmarks.race import Result, race
from devices.drivers.base import LINES_PER_BATCH
from devices.outbox.layouts import Series, sample_lines, state_of
from hes.domain.energies import ENERGIES
from hes.domain.records import LoadProfileRun, lines_in

PROMISE = 10.0
METERS, LIMIT_METERS = 1_000, 100
CHANNELS, ROWS, PERIOD = 2, 96, 15
FIRST_END = 1_781_064_900
OFFSET = -240

Texts = list[tuple[int, str]]
"""A meter's number and its lines."""


def run(bench: Bench) -> Iterator[Result]:
    """Both sides make the same lines; the slower one fewer of them."""
    many = runs(METERS)
    few = many[:LIMIT_METERS]
    assert "".join(batches(few)) == _by_writer(few)
    yield race(
        "line encoding against csv.writer", lambda: encode(many), lambda: _drop(_by_writer(few)),
        promise=PROMISE, rounds=bench.rounds, scale=METERS / LIMIT_METERS,
        items=METERS * CHANNELS * ROWS,
    )  # fmt: skip


def encode(many: list[LoadProfileRun]) -> None:
    """Make all lines of some runs, by the product, as much at a time as a recording does."""
    for _ in batches(many):
        pass


def batches(many: list[LoadProfileRun]) -> Iterator[str]:
    """The lines of runs of equally many channels, a batch of the recording at a time."""
    size = max(1, LINES_PER_BATCH // lines_in(many[0]))
    all_texts = (text for _, text in texts(many))
    while part := list(islice(all_texts, size)):
        yield "".join(part)


def texts(many: list[LoadProfileRun]) -> Iterator[tuple[int, str]]:
    """Number and lines of each run, by the product."""
    for number, each in enumerate(many):
        yield number, text_of(*_names(number), each)


def text_of(serial: str, pod: str, each: LoadProfileRun) -> str:
    """The lines of one run, all its channels."""
    parts = []
    for energy in ENERGIES:
        values = each.channels[energy.channel]
        if values is not None:
            code = energy.reading_types[each.period]
            series = Series(each.first_end, each.period, each.count, each.offset, each.status, code)
            parts.append(sample_lines(serial, pod, series, values))
    return "".join(parts)


def _by_writer(few: list[LoadProfileRun]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    for place, each in enumerate(few):
        serial, pod = _names(place)
        begin = datetime.fromtimestamp(each.first_end, UTC) + timedelta(minutes=each.offset)
        for energy in ENERGIES:
            code = energy.reading_types[each.period]
            for row, value in enumerate(each.channels[energy.channel] or ()):
                at = begin + timedelta(minutes=row * each.period)
                stamp = at.strftime("%Y-%m-%d %H:%M:%S.000")
                writer.writerow((serial, pod, value, state_of(each.status), code, stamp))
    return out.getvalue()


def runs(meters: int, channels: int = CHANNELS, rows: int = ROWS) -> list[LoadProfileRun]:
    """A day of each of some meters, or its first rows."""
    random = Random(1)  # noqa: S311 - invented values
    return [_run(number, channels, rows, random) for number in range(meters)]


def _run(number: int, channels: int, rows: int, random: Random) -> LoadProfileRun:
    given = [tuple(random.randrange(2_000) for _ in range(rows)) for _ in range(channels)]
    cells = (*given, *[None] * (len(ENERGIES) - channels))
    return LoadProfileRun(number.to_bytes(6), 1, PERIOD, FIRST_END, OFFSET, 0, rows, cells)


def _names(number: int) -> tuple[str, str]:
    return f"UAAEEDN111{number:08d}", f"POD{number:08d}"


def _drop(_: str) -> None:
    """Races want seconds or nothing."""
