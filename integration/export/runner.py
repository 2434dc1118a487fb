"""The exporter process: polls, writes, seals, and stays out of everybody's way.

It never touches what feeds it: whatever goes wrong with the disk or the database is retried with
back-off, the blocks wait in their table.
"""

import logging
import threading
import time

from django.db import connection
from django.db.utils import InterfaceError, OperationalError

from integration.export import horizon
from integration.export.cursor import (
    DamagedBlock,
    Owner,
    OwnershipLost,
    advance,
    has_more,
    position_of,
)
from integration.export.ledger import Growth
from integration.export.ownership import ownership
from integration.export.sealing import seal_next
from integration.export.sinks.csv_files import CsvFiles
from integration.export.sinks.daily_file import FileTrouble

log = logging.getLogger(__name__)

POLL = 0.25  # seconds between two looks at an empty stream
SEAL_EVERY = 1.0
HEARTBEAT = 5.0
REPORT_EVERY = 60.0
LONGEST_BACK_OFF = 10.0
PASSING = (OSError, OperationalError, InterfaceError, OwnershipLost, FileTrouble, DamagedBlock)


class Every:
    """True once per interval of seconds, the first time at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next = 0.0

    def __call__(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True


class Exporter:
    """Serves one sink until `stop` is set, as its owner or as a hot spare."""

    def __init__(self, sink: CsvFiles, stop: threading.Event) -> None:
        self._sink = sink
        self._stop = stop
        self._failures = 0
        self._seal, self._beat = Every(SEAL_EVERY), Every(HEARTBEAT)
        self._report, self._tell_spare = Every(REPORT_EVERY), Every(REPORT_EVERY)
        self._is_sealing = False
        self._lines = self._bytes = 0

    def run(self) -> None:
        """Returns when `stop` is set; raises ForeignCluster, which no waiting heals."""
        while not self._stop.is_set():
            try:
                self._serve()
            except PASSING as fault:
                self._back_off(fault)
        connection.close()

    def _serve(self) -> None:
        with ownership(self._sink.name, self._sink.root) as owner:
            if owner is not None:
                log.info("%s: epoch %d begins", owner.sink, owner.epoch)
                self._sink.recover(owner)
            while owner is not None and not self._stop.is_set():
                self._turn(owner)
        if owner is None:
            if self._tell_spare():
                log.info("%s: another exporter is at work, waiting", self._sink.name)
            self._stop.wait(POLL)

    def _turn(self, owner: Owner) -> None:
        moved = self._sink.move(owner)
        self._failures = 0
        self._count(moved)
        if self._is_sealing or self._seal():
            self._is_sealing = seal_next(owner, self._sink.root)
        if self._beat():
            self._watch(owner)
        if not moved and not self._is_sealing:
            self._stop.wait(POLL)

    def _count(self, moved: list[Growth]) -> None:
        self._lines += sum(growth.lines for growth in moved)
        self._bytes += sum(growth.size for growth in moved)

    def _watch(self, owner: Owner) -> None:
        """Notice a held horizon, show that we live, report what was done."""
        holder = horizon.holder()
        if holder and holder.age > horizon.WARN_AFTER:
            log.warning("%s: the horizon is held %s", owner.sink, holder)
        position = position_of(owner)
        if not has_more(position):
            advance(owner, position)
        if self._report():
            age = holder.age if holder else 0.0
            metrics = "%s: lines=%d bytes=%d export_horizon_age_seconds=%.1f"
            log.info(metrics, owner.sink, self._lines, self._bytes, age)

    def _back_off(self, fault: Exception) -> None:
        connection.close()
        delay = min(LONGEST_BACK_OFF, POLL * 2**self._failures)
        self._failures += 1
        log.error("%s: %s; next attempt in %.1f s", self._sink.name, fault, delay)
        self._stop.wait(delay)
