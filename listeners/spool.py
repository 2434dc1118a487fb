"""Blocks on disk while PostgreSQL is away or too slow: append-only, replayed in order, crash safe.

Files of a folder that belongs to one process, each of blocks one after the other. What was appended
is on disk (fdatasync); the tail that a crash has torn is cut at the next start. A file goes when
all its blocks were passed on; after a crash it is read again from its begin, and the journal knows
what it has.
"""

import errno
import fcntl
import logging
import os
import shutil
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hes.domain.errors import HesError
from hes.lib.home import private_folder
from listeners.blocks import Block, DamagedBlock, TornBlock, packed, read

log = logging.getLogger(__name__)

SEGMENT = 16 * 1024 * 1024  # bytes, about
AT_ONCE = 10_000  # datagrams replayed together, about


class SpoolInUse(HesError):
    """Another process has the folder."""


class Spool:
    """First in, first out; of one thread. Raises SpoolInUse at the start."""

    def __init__(self, folder: Path, limit: int, segment: int = SEGMENT) -> None:
        self._folder, self._limit, self._segment = private_folder(folder), limit, segment
        self._lock = _locked(folder / "lock")
        self._segments = deque(sorted(folder.glob("*.blocks")))
        self._next = int(self._segments[-1].stem) + 1 if self._segments else 1
        self._output: int | None = None
        self._place = 0  # in the first segment, up to where it was read
        self._ahead: list[Block] = []  # read, not passed on yet
        self.datagrams = 0
        for path in self._segments:
            self.datagrams += _recover(path)
        self.bytes = sum(path.stat().st_size for path in self._segments)

    @property
    def is_empty(self) -> bool:
        """Whether everything was passed on."""
        return not self._segments

    def append(self, block: Block) -> None:
        """On disk when it returns; raises OSError, and then it is as if it had not been called."""
        raw = packed(block)
        if self.bytes + len(raw) > self._limit:
            raise OSError(errno.EDQUOT, f"the spool has reached its limit of {self._limit:,} bytes")
        output = self._output or self._begin_segment()
        begin = os.lseek(output, 0, os.SEEK_END)
        try:
            _write(output, raw)
        except OSError:
            os.ftruncate(output, begin)
            raise
        self.datagrams += block.count
        self.bytes += len(raw)
        if begin + len(raw) >= self._segment:
            self._end_segment()

    def first(self) -> list[Block]:
        """The oldest blocks, the same ones until they are `passed`."""
        if self._segments and not self._ahead:
            self._ahead = list(self._read_on(self._segments[0]))
            if not self._ahead:  # damaged while it lay there
                self._forget_first()
        return self._ahead

    def passed(self) -> None:
        """What `first` returned is safe elsewhere."""
        self.datagrams -= sum(block.count for block in self._ahead)
        self._ahead = []
        if self._place >= self._segments[0].stat().st_size:
            self._forget_first()

    def close(self) -> None:
        """Give the folder to the next process."""
        self._end_segment()
        os.close(self._lock)

    def _read_on(self, path: Path) -> Iterator[Block]:
        """From where we are; what is damaged is set aside."""
        count = 0
        with path.open("rb") as file:
            file.seek(self._place)
            while count < AT_ONCE and (block := _next(file, path)):
                count += block.count
                self._place = file.tell()
                yield block

    def _forget_first(self) -> None:
        if len(self._segments) == 1:
            self._end_segment()
        path = self._segments.popleft()
        self._place = 0
        self.bytes -= path.stat().st_size
        path.unlink()
        if not self._segments:
            self.datagrams = 0  # also of what was set aside

    def _begin_segment(self) -> int:
        path = self._folder / f"{self._next:016}.blocks"
        self._output = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        _sync_folder(self._folder)
        self._next += 1
        self._segments.append(path)
        return self._output

    def _end_segment(self) -> None:
        if self._output is not None:
            os.close(self._output)
            self._output = None


def _locked(path: Path) -> int:
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise SpoolInUse(
            f"{path.parent} is in use by another listener; give each one its HES_LISTEN_SPOOL"
        ) from None
    return lock


def _write(output: int, raw: bytes) -> None:
    rest = memoryview(raw)
    while rest:
        rest = rest[os.write(output, rest) :]
    os.fdatasync(output)


def _sync_folder(folder: Path) -> None:
    """The name of a new file is on disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _recover(path: Path) -> int:
    """Cut what a crash has torn; returns how many datagrams are left."""
    count = place = 0
    with path.open("rb") as file:
        while block := _next(file, path):
            count += block.count
            place = file.tell()
    size = path.stat().st_size
    if place < size:
        log.warning("%s: its last %d bytes are no whole block and are cut", path, size - place)
        os.truncate(path, place)
    return count


def _next(file: BinaryIO, path: Path) -> Block | None:
    """The next block; None at the end, or where the rest is torn or damaged.

    A damaged rest is copied for a person before anybody cuts it.
    """
    place = file.tell()
    try:
        return read(file)
    except TornBlock:
        return None
    except DamagedBlock:
        file.seek(place)
        aside = path.with_suffix(f".damaged-{place}")
        with aside.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        log.error("%s is damaged from byte %d on; the rest is kept as %s", path, place, aside)
        return None
