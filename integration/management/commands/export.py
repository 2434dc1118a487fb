"""``hes export run`` and ``hes export status``."""

import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from hes.domain.errors import HesError
from integration.export.drain import drain
from integration.export.runner import Exporter
from integration.export.sinks.csv_files import CsvFiles
from integration.export.status import describe, table


class Command(BaseCommand):
    help = "Write export blocks to daily CSV files, or show where the export stands."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        run = actions.add_parser("run", help="write files until stopped; a second one is a spare")
        run.add_argument("--once", action="store_true", help="export what there is and end")
        run.add_argument(
            "--folder", type=Path, default=settings.EXPORT_DIR, help="default: %(default)s"
        )
        actions.add_parser("status", help="position, lag, horizon, files of today")

    def handle(self, *, action: str, **options: Any) -> None:
        try:
            ACTIONS[action](self, **options)
        except HesError as fault:
            raise CommandError(str(fault)) from fault

    def run(self, *, folder: Path, once: bool, **_: object) -> None:
        """Until a signal says stop, or only as long as there is something."""
        if once:
            self._once(folder)
        else:
            Exporter(CsvFiles(folder), _stop_signals()).run()

    def status(self, **_: object) -> None:
        """The page."""
        self.stdout.write(describe())

    def _once(self, folder: Path) -> None:
        files = [(file.name, f"{file.rows:,}", file.sha256) for file in drain(folder)]
        self.stdout.write("\n".join(table([("FILE", "LINES", "SHA256"), *files])))


ACTIONS = {"run": Command.run, "status": Command.status}


def _stop_signals() -> threading.Event:
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return stop
