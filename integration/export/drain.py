"""Exports what there is and returns: for one-off runs and tests."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hes.domain.errors import HesError
from integration.export import horizon
from integration.export.cursor import Owner, has_more, position_of
from integration.export.ownership import ownership
from integration.export.runner import POLL
from integration.export.sinks import daily_file
from integration.export.sinks.csv_files import CsvFiles
from integration.models import ExportFile


class NotDrained(HesError):
    """Blocks stay behind although the time is up; says what they wait for."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """A file as it stands: its name below the export folder, `rows` without the header."""

    name: str
    rows: int
    bytes: int
    sha256: str


def drain(root: Path, patience: float = 30.0) -> list[FileReport]:
    """Export every committed block into `root`; returns the files this call wrote to.

    Waits up to `patience` seconds for another exporter to end, or for a transaction that holds the
    horizon back, then raises NotDrained. Faults of the disk are raised as they come.
    """
    sink = CsvFiles(root)
    with _owned(sink, patience) as owner:
        sink.recover(owner)
        grown = _export_all(sink, owner, patience)
    files = ExportFile.objects.filter(pk__in=grown).order_by("path")
    return [_report(root, file) for file in files]


@contextmanager
def _owned(sink: CsvFiles, patience: float) -> Iterator[Owner]:
    deadline = time.monotonic() + patience
    while True:
        with ownership(sink.name, sink.root) as owner:
            if owner is not None:
                yield owner
                return
        if time.monotonic() > deadline:
            raise NotDrained("another exporter is at work: see `hes export status`")
        time.sleep(POLL)


def _export_all(sink: CsvFiles, owner: Owner, patience: float) -> set[int]:
    grown: set[int] = set()
    deadline = time.monotonic() + patience
    while has_more(position_of(owner)):
        if moved := sink.move(owner):
            grown |= {growth.file.pk for growth in moved}
            deadline = time.monotonic() + patience
        elif time.monotonic() > deadline:
            raise NotDrained(f"blocks wait for the horizon, held {horizon.holder()}")
        else:
            time.sleep(POLL / 5)
    return grown


def _report(root: Path, file: ExportFile) -> FileReport:
    sha256 = daily_file.digest(root / file.path).sha256
    return FileReport(file.path, file.lines, file.size, sha256)
