"""Bytes on disk: a file grows by whole appends or not at all.

What counts is the committed size of the ledger. Bytes beyond it are the torn tail of a process
that was killed and are cut away before anything else is done to the file.
"""

import gzip
import hashlib
import logging
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from hes.domain.errors import HesError
from integration.export.ownership import FOLDER_MODE

log = logging.getLogger(__name__)

FILE_MODE = 0o640
GZIP = ".gz"
LEVEL = 6
CHUNK = 1024 * 1024


class FileTrouble(HesError):
    """A file on disk contradicts the ledger; the sink waits until a person has seen to it."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What a text holds."""

    sha256: str
    newlines: int
    size: int


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


def digest(path: Path, limit: int = sys.maxsize) -> Digest:
    """Hash and count the first `limit` bytes of the text in a CSV or `.gz`, in pieces."""
    return digest_of(pieces(path, limit))


def digest_of(text: Iterable[bytes]) -> Digest:
    """Hash and count a text that comes in pieces."""
    sha256, newlines, size = hashlib.sha256(), 0, 0
    for piece in text:
        sha256.update(piece)
        newlines += piece.count(b"\n")
        size += len(piece)
    return Digest(sha256.hexdigest(), newlines, size)


def pieces(path: Path, limit: int = sys.maxsize) -> Iterator[bytes]:
    """The first `limit` bytes of the text in a CSV or `.gz`.

    Raises FileTrouble for a damaged `.gz`.
    """
    with open_text(path) as file:
        while piece := file.read(min(CHUNK, limit)):
            limit -= len(piece)
            yield piece


@contextmanager
def open_text(path: Path) -> Iterator[BinaryIO]:
    """The text of a CSV or `.gz`. Raises FileTrouble when a `.gz` turns out to be damaged."""
    if path.suffix != GZIP:
        with path.open("rb") as file:
            yield file
        return
    try:
        with gzip.open(path) as packed:
            yield cast(BinaryIO, packed)
    except (gzip.BadGzipFile, zlib.error, EOFError) as fault:
        raise FileTrouble(f"{path} is damaged ({fault}): bring it back as it was") from fault


def gzipped(path: Path) -> Path:
    """Where a daily file lies once it is gzipped."""
    return path.with_name(path.name + GZIP)


def stored(path: Path) -> Path | None:
    """Where the text of a daily file lies: under its name, gzipped, or nowhere."""
    return next((place for place in (path, gzipped(path)) if place.exists()), None)


def place(path: Path, content: bytes) -> None:
    """Put a small file in place at once and for good: nobody ever sees half of it."""
    with drafted(path) as file:
        _write_all(file, content, 0)


def draft_of(path: Path) -> Path:
    """Where a new file grows; the end of its name stays, it says what is in it."""
    return path.with_name(f".new.{path.name}")


@contextmanager
def drafted(path: Path) -> Iterator[int]:
    """A new file beside `path`: takes the name when the block ends well, else goes away."""
    draft = draft_of(path)
    draft.unlink(missing_ok=True)  # a frozen writer may still hold it: it keeps that one
    try:
        with _opened(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL) as file:
            yield file
            os.fsync(file)
        draft.replace(path)
    except BaseException:
        with suppress(OSError):  # the next draft begins with nothing anyway
            draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write(file: int, text: Iterable[bytes]) -> None:
    """Write a text that comes in pieces into a draft."""
    offset = 0
    for piece in text:
        _write_all(file, piece, offset)
        offset += len(piece)


def compress(source: Path, target: Path, sha256: str) -> Iterator[None]:
    """Gzip a text of known hash, about a MiB per step; its bytes depend on the text alone.

    `target` appears when it has been read back and holds that text. Raises FileTrouble when
    `source` does not.
    """
    with drafted(target) as draft:
        with (
            os.fdopen(os.dup(draft), "wb") as raw,
            gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as packed,
        ):
            for piece in pieces(source):
                packed.write(piece)
                yield
        hashed = hashlib.sha256()
        for piece in pieces(draft_of(target)):
            hashed.update(piece)
            yield
        if hashed.hexdigest() != sha256:
            raise FileTrouble(f"{source} is not what was sealed: bring it back as it was")


def remove(path: Path) -> None:
    """Take a file away for good; one that is gone already is no matter."""
    if path.exists():
        path.unlink()
        sync_folder(path.parent)


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
    sync_folder(folder)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Let the names in a folder be on stable storage."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
