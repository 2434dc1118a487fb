"""Client CPU of one ciphered session (HLS5-GMAC association, one meter's day of 96 rows, release)
against recorded answers, and of the rows alone in an answer of 100 meters.
"""

import time
from collections.abc import Iterator
from datetime import date

from benchmarks.answers import ENCODINGS, Recording, client, session
from benchmarks.bench import Bench
from benchmarks.race import Result, measured
from devices.protocol.rows import BufferDecoder
from devices.protocol.tables import LOAD_PROFILE
from devices.simulator.population import Fleet

PROMISE_MS = 1.0
SESSIONS = 100
DAY = date(2026, 6, 10)
METERS = 100
WIDTH = len(LOAD_PROFILE.columns)


def run(bench: Bench) -> Iterator[Result]:
    """One line per encoding."""
    for encoding in ENCODINGS:
        one, many = (
            Recording.of(Fleet.generate(1, 1, meters).concentrator(0), DAY, encoding)
            for meters in (1, METERS)
        )
        times = [_session_ms(one) for _ in range(bench.rounds)]
        notes = {"ns per row of a large answer": _row_ns(many), "frames": len(one.frames)}
        yield measured(
            f"codec session, 96 rows {encoding.name}", times, "ms", PROMISE_MS, at_most=True,
            notes=notes,
        )  # fmt: skip


def _session_ms(recording: Recording) -> float:
    begin = time.process_time()
    for _ in range(SESSIONS):
        assert _rows(list(_blocks(recording))) == 96
    return (time.process_time() - begin) / SESSIONS * 1e3


def _row_ns(recording: Recording) -> float:
    blocks = list(_blocks(recording))
    begin = time.process_time()
    rows = sum(_rows(blocks) for _ in range(10))
    return (time.process_time() - begin) / rows * 1e9


def _blocks(recording: Recording) -> Iterator[bytes]:
    return session(client(recording.concentrator), recording.play(), recording.selection)


def _rows(blocks: list[bytes]) -> int:
    decoder = BufferDecoder(width=WIDTH)
    rows = sum(len(run) for block in blocks for run in decoder.feed(block))
    decoder.finish()
    return rows
