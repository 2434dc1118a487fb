"""Bytes on disk: a file grows by whole appends or not at all.

What counts is the committed size of the ledger. Bytes beyond it are the torn tail of a process
that was killed and are cut away before anything else is done to the file.
"""

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hes.domain.errors import HesError
from integration.export.ownership import FOLDER_MODE

log = logging.getLogger(__name__)

FILE_MODE = 0o640
CHUNK = 1024 * 1024


class FileTrouble(HesError):
    """A file on disk contradicts the ledger; the sink waits until a person has seen to it."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What a whole file holds."""

    sha256: str
    newlines: int


def append(path: Path, committed: int, data: bytes) -> None:
    """Let `path` hold its first `committed` bytes, then `data`, on stable storage.

    A file with `committed` 0 is made. Raises OSError (disk full, read-only ...) with the file cut
    back, FileTrouble if it holds less than `committed`.
    """
    if committed == 0:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    with _opened(path, os.O_WRONLY | (0 if committed else os.O_CREAT)) as file:
        _cut_back(path, file, committed)
        try:
            _write_all(file, data, committed)
            os.fdatasync(file)
        except OSError:
            with suppress(OSError):  # the next attempt cuts it back too
                os.ftruncate(file, committed)
            raise
    if committed == 0:
        _sync_folders(path.parent)


def trim(path: Path, committed: int) -> None:
    """Cut a torn tail off; a file of which nothing is committed goes away."""
    if committed == 0:
        path.unlink(missing_ok=True)
        return
    with _opened(path, os.O_WRONLY) as file:
        _cut_back(path, file, committed)


def digest(path: Path) -> Digest:
    """Hash and count a whole file in pieces."""
    sha256, newlines = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        while piece := file.read(CHUNK):
            sha256.update(piece)
            newlines += piece.count(b"\n")
    return Digest(sha256.hexdigest(), newlines)


def place(path: Path, content: bytes) -> None:
    """Put a small file in place at once and for good: nobody ever sees half of it."""
    draft = path.with_name(f".{path.name}.new")
    with _opened(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as file:
        _write_all(file, content, 0)
        os.fsync(file)
    draft.replace(path)
    _sync_folder(path.parent)


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    try:
        file = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
    except FileNotFoundError as fault:
        raise FileTrouble(f"{path} is in the ledger but not on disk: bring it back") from fault
    try:
        yield file
    finally:
        os.close(file)


def _cut_back(path: Path, file: int, committed: int) -> None:
    size = os.fstat(file).st_size
    if size < committed:
        raise FileTrouble(
            f"{path} holds {size} bytes, the ledger has committed {committed}: "
            "bring the file back as it was"
        )
    if size > committed:
        log.warning("%s: %d bytes of a torn tail cut off", path, size - committed)
        os.ftruncate(file, committed)
        os.fdatasync(file)


def _write_all(file: int, data: bytes, offset: int) -> None:
    written = os.pwrite(file, data, offset)
    while written < len(data):  # a short write: the rest succeeds, or says what is wrong
        written += os.pwrite(file, memoryview(data)[written:], offset + written)


def _sync_folders(folder: Path) -> None:
    _sync_folder(folder)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
