"""`hes maintain`: partitions, as hes_owner."""

import logging
import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from hes import maintenance
from workorders.threads import DATABASE_GONE

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """Once, or every so many seconds until it is stopped. Two at once are harmless."""

    help = (
        "Make the partitions of the next days and drop the old ones: days of blocks older than "
        "HES_BLOCK_DAYS that every sink has passed and whose files are sealed, the slot ledger "
        "of samples too old to be taken, and what listeners kept longer than HES_DATAGRAM_DAYS, "
        "HES_MESSAGE_MONTHS, HES_SUSPECT_MONTHS, HES_POWER_CHANGE_MONTHS and HES_OUTAGE_MONTHS, "
        "once it was read and is over. Events, slots and visits are kept."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--once", action="store_true", help="and end; the default")
        how.add_argument("--every", type=float, metavar="SECONDS", help="until stopped")
        parser.add_argument("--dry-run", action="store_true", help="make and drop nothing, tell")

    def handle(self, *, every: float | None, dry_run: bool, **_: Any) -> None:
        if every is None:
            self._maintain(dry_run)
            return
        stop = _stop_signals()
        while not stop.is_set():
            self._try_to_maintain(dry_run)
            stop.wait(every)

    def _try_to_maintain(self, dry_run: bool) -> None:
        try:
            self._maintain(dry_run)
        except DATABASE_GONE as fault:
            log.warning("partitions are not maintained: %s", fault)
        connection.close()  # nobody keeps a session for an hour

    def _maintain(self, dry_run: bool) -> None:
        if not dry_run:
            self._tell(maintenance.prepare())
        for verdict in maintenance.retire(dry_run=dry_run):
            self._tell(str(verdict))

    def _tell(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _stop_signals() -> threading.Event:
    stop = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return stop
