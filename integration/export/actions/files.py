"""``hes export files``."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from devices import alarms
from hes.lib.tables import table
from integration.export.ownership import ownership
from integration.export.retention import finish_interrupted, tend, to_gzip, to_remove
from integration.export.sinks.csv_files import CsvFiles

SUMMARY = "gzip and remove the daily files whose time has come, now"
DEEDS = {"remove": to_remove, "gzip": to_gzip}


def add_arguments(parser: ArgumentParser) -> None:
    """--folder."""
    parser.add_argument(
        "--folder", type=Path, default=settings.EXPORT_DIR, help="default: %(default)s"
    )


def run(out: Callable[[str], None], *, folder: Path, **_: Any) -> int:
    """An exporter at work does it itself, about hourly; then this only shows what is due.

    1 when a file or the disk is in trouble.
    """
    rows = [(file.path, deed) for deed, files in DEEDS.items() for file in files()]
    out("\n".join(table([("FILE", "DUE"), *rows])) if rows else "nothing is due")
    with ownership(CsvFiles.name, folder) as owner:
        if owner is not None:
            _end(finish_interrupted(folder))
            _end(tend(owner, folder))
    if owner is None:
        out("an exporter is at work: it does this within the hour")
    troubles = alarms.open_alarms().filter(name="file_trouble")
    for alarm in troubles:
        out(f"{alarm.subject}: {alarm.text}")
    return 1 if troubles else 0


def _end(work: Iterator[None]) -> None:
    for _step in work:
        pass
