"""``hes export run``."""

import signal
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings

from hes.lib.tables import table
from integration.export.drain import drain
from integration.export.known import configured
from integration.export.services import MAKERS, serve

SUMMARY = "serve the sinks until stopped; a second process is a hot spare"


def add_arguments(parser: ArgumentParser) -> None:
    """--sink, --once, --folder."""
    parser.add_argument(
        "--sink", action="append", choices=sorted(MAKERS), help="only this one (may be repeated)"
    )
    parser.add_argument("--once", action="store_true", help="write the daily files and end")
    parser.add_argument(
        "--folder", type=Path, default=settings.EXPORT_DIR, help="default: %(default)s"
    )


def run(
    out: Callable[[str], None],
    *,
    sink: list[str] | None,
    once: bool,
    folder: Path,
    **_: Any,
) -> int:
    """Until a signal says stop, or only as long as there is something."""
    if once:
        files = [(file.name, f"{file.rows:,}", file.sha256) for file in drain(folder)]
        out("\n".join(table([("FILE", "LINES", "SHA256"), *files])))
    else:
        serve(sink or configured(), folder, _stop_signals())
    return 0


def _stop_signals() -> threading.Event:
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return stop
