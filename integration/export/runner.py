"""The exporter process: polls, writes, seals, and stays out of everybody's way.

It never touches what feeds it: whatever goes wrong with the disk or the database is retried with
back-off, the blocks wait in their table.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

from django.db import connection

from devices import alarms
from integration.export import horizon, ledger, retention
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
from integration.models import SinkCursor
from workorders.threads import DATABASE_GONE

log = logging.getLogger(__name__)

POLL = 0.25  # seconds between two looks at an empty stream
SEAL_EVERY = 1.0
SEAL_PAUSE = 60.0  # after trouble with a file
HEARTBEAT = 5.0
REPORT_EVERY = 60.0
LONGEST_BACK_OFF = 10.0
ELSEWHERE = (*DATABASE_GONE, OwnershipLost)  # nothing is wrong with the files
PASSING = (OSError, FileTrouble, DamagedBlock, *ELSEWHERE)
ALARMS = ("sink_failing", "file_trouble")
SEALING = "sealing"
DONE = object()


class Every:
    """True once per interval of seconds, the first time at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next = 0.0

    def pause(self, seconds: float) -> None:
        """Not before that."""
        self._next = time.monotonic() + seconds

    def __call__(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True


class Exporter:
    """Serves the daily files until `stop` is set, as their owner or as a hot spare."""

    name = CsvFiles.name

    def __init__(self, sink: CsvFiles, stop: threading.Event) -> None:
        self._sink = sink
        self._stop = stop
        self._steps = 0
        self._failures = 0
        self._is_well = False  # an alarm of an earlier run may stand
        self._seal, self._beat = Every(SEAL_EVERY), Every(HEARTBEAT)
        self._report, self._tell_spare = Every(REPORT_EVERY), Every(REPORT_EVERY)
        self._look = Every(retention.LOOK_EVERY)
        self._is_sealing = False
        self._tending: Iterator[None] = iter(())
        self._lines = self._bytes = 0

    def run(self) -> None:
        """Returns when `stop` is set; raises ForeignCluster, which no waiting heals."""
        while not self._stop.is_set():
            self._steps += 1
            try:
                self._serve()
            except PASSING as fault:
                self._back_off(fault)
        connection.close()

    def sign(self) -> int:
        """Changes with every turn, about four times a second when there is nothing to do."""
        return self._steps

    def _serve(self) -> None:
        if SinkCursor.objects.filter(sink=self.name, is_enabled=False).exists():
            self._stand_by("it is disabled")
            return
        with ownership(self.name, self._sink.root) as owner:
            if owner is not None:
                self._serve_as(owner)
        if owner is None:
            self._stand_by("another exporter is at work")

    def _stand_by(self, reason: str) -> None:
        if self._tell_spare():
            log.info("%s: %s, waiting", self.name, reason)
        self._stop.wait(POLL)

    def _serve_as(self, owner: Owner) -> None:
        log.info("%s: epoch %d begins", owner.sink, owner.epoch)
        self._sink.recover(owner)
        self._tending = retention.finish_interrupted(self._sink.root)
        while not self._stop.is_set():
            self._turn(owner)

    def _turn(self, owner: Owner) -> None:
        self._steps += 1
        moved = self._sink.move(owner)
        self._count(moved)
        is_tidying = self._seal_one(owner) or self._tend(owner)
        if self._beat():
            self._watch(owner)
        self._note_health()
        if not moved and not is_tidying:
            self._stop.wait(POLL)

    def _count(self, moved: list[Growth]) -> None:
        self._lines += sum(growth.lines for growth in moved)
        self._bytes += sum(growth.lines_size for growth in moved)

    def _seal_one(self, owner: Owner) -> bool:
        """A file that cannot be sealed is an alarm; blocks do not wait for it."""
        if not (self._is_sealing or self._seal()):
            return False
        was_sealing = self._is_sealing
        try:
            self._is_sealing = seal_next(owner, self._sink.root)
        except (FileTrouble, OSError) as fault:
            self._is_sealing = False
            self._seal.pause(SEAL_PAUSE)
            alarms.raise_alarm("file_trouble", SEALING, str(fault))
        if self._is_sealing:
            alarms.clear("file_trouble", SEALING)
        elif was_sealing:
            self._look.pause(0.0)  # what is sealed only now may be old enough for the next step
        return self._is_sealing

    def _tend(self, owner: Owner) -> bool:
        """One small step with old files."""
        if next(self._tending, DONE) is not DONE:
            return True
        if is_time := self._look():
            self._tending = retention.tend(owner, self._sink.root)
        return is_time

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

    def _note_health(self) -> None:
        self._failures = 0
        if not self._is_well:
            ledger.note_health(self.name)
            for name in ALARMS:
                alarms.clear(name, self.name)
            self._is_well = True

    def _back_off(self, fault: Exception) -> None:
        connection.close()
        delay = min(LONGEST_BACK_OFF, POLL * 2**self._failures)
        self._failures += 1
        log.error("%s: %s; next attempt in %.1f s", self.name, fault, delay)
        if not isinstance(fault, ELSEWHERE):
            with suppress(*DATABASE_GONE):
                self._note_failure(fault)
        self._stop.wait(delay)

    def _note_failure(self, fault: Exception) -> None:
        self._is_well = False
        ledger.note_failure(self.name, fault)
        alarm = "file_trouble" if isinstance(fault, FileTrouble) else "sink_failing"
        alarms.raise_alarm(alarm, self.name, str(fault))
