"""What is copied: files that are sealed, read once and checked while they are read."""

import gzip
import hashlib
import threading
import zlib
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, cast

from hes.domain.errors import HesError
from integration.export.sinks import daily_file
from integration.models import ExportFile

DAMAGED = (gzip.BadGzipFile, zlib.error, EOFError)


class Interrupted(HesError):
    """We are to stop; half of a file is nothing, the next run begins it again."""


class FileChanged(HesError):
    """A sealed file is not what it was sealed as; it does not go out."""


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

    def open(self, root: Path, stop: threading.Event) -> "Content":
        """Its content. Raises FileChanged when it is gone, OSError when the folder is."""
        path = root / self.path
        try:
            return Content(self, _plain(path), stop)
        except FileNotFoundError:
            if path.parent.is_dir():
                raise FileChanged(f"{path} is not on disk: bring it back") from None
            raise

    def md5(self, root: Path, stop: threading.Event) -> bytes:
        """Of the content, to compare with a blob that somebody else put there."""
        md5 = hashlib.md5(usedforsecurity=False)
        with closing(self.open(root, stop)) as content:
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
        """The next `size` bytes, fewer at the end. Raises FileChanged, Interrupted."""
        if self._stop.is_set():
            raise Interrupted(self._sealed.path)
        wanted = self._left if size < 0 else min(size, self._left)
        try:
            piece = self._file.read(wanted)
            is_longer = wanted == self._left and self._file.read(1)
        except DAMAGED as fault:
            raise self._changed() from fault
        self._sha256.update(piece)
        self._left -= len(piece)
        is_wrong = not self._left and self._sha256.hexdigest() != self._sealed.sha256
        if len(piece) < wanted or is_longer or is_wrong:
            raise self._changed()
        return piece

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _changed(self) -> FileChanged:
        return FileChanged(
            f"{self._sealed.path} on disk is not what was sealed: bring it back as it was"
        )


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


def _plain(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return cast(BinaryIO, gzip.open(path.with_name(f"{path.name}.gz")))
