"""What is copied: files that are sealed, read once and checked while they are read."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

from hes.domain.errors import HesError
from integration.export.sinks import daily_file
from integration.export.sinks.daily_file import FileTrouble
from integration.models import ExportFile


class Interrupted(HesError):
    """We are to stop; half of a file is nothing, the next run begins it again."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file that never changes again; `path` is below the export folder and the blob's name.

    `size` and `sha256` are those of the plain content, also where only a `.gz` lies on the disk.
    """

    path: str
    day: date
    size: int
    sha256: str
    rows: int | None = None

    @property
    def content_type(self) -> str:
        """Markers and manifests are JSON."""
        return "text/csv" if self.path.endswith(".csv") else "application/json"

    @property
    def metadata(self) -> dict[str, str]:
        """What is kept beside the blob."""
        rows = {} if self.rows is None else {"rows": str(self.rows)}
        return {"sha256": self.sha256, **rows}

    @contextmanager
    def open(self, root: Path, stop: threading.Event) -> "Iterator[Content]":
        """Its content. Raises FileTrouble when it is gone, OSError when the folder is."""
        path = root / self.path
        place = daily_file.stored(path)
        if place is None and path.parent.is_dir():
            raise FileTrouble(f"{path} is not on disk: {self._cure}")
        with daily_file.open_text(place or path) as file:
            yield Content(self, file, stop)

    def changed(self) -> FileTrouble:
        """What is raised when it is not what was sealed."""
        return FileTrouble(f"{self.path} on disk is not what was sealed: {self._cure}")

    @property
    def _cure(self) -> str:
        is_daily = self.path.endswith(".csv")
        return f"`hes export regenerate {self.path} --restore`" if is_daily else "bring it back"

    def md5(self, root: Path, stop: threading.Event) -> bytes:
        """Of the content, to compare with a blob that somebody else put there."""
        md5 = hashlib.md5(usedforsecurity=False)
        with self.open(root, stop) as content:
            while piece := content.read(daily_file.CHUNK):
                md5.update(piece)
        return md5.digest()


class Content:
    """Gives the content in pieces, the last one only if the whole is as it was sealed."""

    def __init__(self, sealed: Sealed, file: BinaryIO, stop: threading.Event) -> None:
        self._sealed, self._file, self._stop = sealed, file, stop
        self._left = sealed.size
        self._sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, fewer at the end. Raises FileTrouble, Interrupted."""
        if self._stop.is_set():
            raise Interrupted(self._sealed.path)
        wanted = self._left if size < 0 else min(size, self._left)
        piece = self._file.read(wanted)
        self._sha256.update(piece)
        self._left -= len(piece)
        if len(piece) < wanted or (not self._left and not self._is_whole()):
            raise self._sealed.changed()
        return piece

    def _is_whole(self) -> bool:
        return self._sha256.hexdigest() == self._sealed.sha256 and not self._file.read(1)


def daily(file: ExportFile) -> Sealed:
    """A daily file by what the ledger says of it."""
    return Sealed(file.path, file.day, file.size, file.sha256, file.lines)


def small(root: Path, path: str, day: date) -> Sealed:
    """A marker or manifest by its content; one that is gone has no hash, and opening it says so."""
    try:
        content = (root / path).read_bytes()
    except FileNotFoundError:
        return Sealed(path, day, 0, "")
    return Sealed(path, day, len(content), hashlib.sha256(content).hexdigest())
