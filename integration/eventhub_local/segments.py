"""Segments of a partition's log: the format of an entry, and reading it back.

An entry is a batch, whole or nothing: length and checksum, first sequence number, time, count, then
each message with its length. The offset of a message is where it lies in the log counted from the
log's beginning: a growing number that is never the sequence number.
"""

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CHUNK = 256 << 10

_HEAD = struct.Struct(">IIQQI")  # length behind the checksum, checksum, sequence, ms, count
_UNCHECKED = 8
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Mark:
    """A message's place: numbers that only grow; `enqueued` in ms since 1970, UTC."""

    sequence: int
    offset: int
    enqueued: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One batch of the log."""

    sequence: int
    offset: int
    enqueued: int
    count: int
    body: bytes

    @classmethod
    def packed(cls, begin: Mark, messages: Sequence[bytes]) -> "Entry":
        """A new entry at a place, out of messages in stored form."""
        body = b"".join(part for each in messages for part in (_LENGTH.pack(len(each)), each))
        return cls(begin.sequence, begin.offset, begin.enqueued, len(messages), body)

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.offset + _HEAD.size + len(self.body)

    @property
    def next_sequence(self) -> int:
        """The sequence number behind it."""
        return self.sequence + self.count

    def encode(self) -> bytes:
        """Its bytes on disk."""
        length = _HEAD.size - _UNCHECKED + len(self.body)
        head = _HEAD.pack(length, 0, self.sequence, self.enqueued, self.count)[_UNCHECKED:]
        checksum = zlib.crc32(self.body, zlib.crc32(head))
        return b"".join((length.to_bytes(4, "big"), checksum.to_bytes(4, "big"), head, self.body))

    def messages(self) -> Iterator[tuple[Mark, bytes]]:
        """Its messages in stored form, in order."""
        for number, (begin, end) in enumerate(self._spans()):
            yield self._mark(number, begin), self.body[begin:end]

    @property
    def last(self) -> Mark:
        """The place of its last message."""
        *_, (begin, _) = self._spans()
        return self._mark(self.count - 1, begin)

    def _spans(self) -> Iterator[tuple[int, int]]:
        end = 0
        for _ in range(self.count):
            begin = end + _LENGTH.size
            end = begin + _LENGTH.unpack_from(self.body, end)[0]
            yield begin, end

    def _mark(self, number: int, begin: int) -> Mark:
        return Mark(self.sequence + number, self.offset + _HEAD.size + begin, self.enqueued)


@dataclass(frozen=True, slots=True)
class Segment:
    """A file of the log, `<offset>-<sequence>.log` of its beginning."""

    path: Path
    offset: int
    sequence: int

    @classmethod
    def beginning(cls, folder: Path, offset: int, sequence: int) -> "Segment":
        """The segment that begins there."""
        return cls(folder / f"{offset:020d}-{sequence:020d}.log", offset, sequence)

    def entries(self) -> Iterator[Entry]:
        """All whole entries of the file, up to a torn or damaged one."""
        file = os.open(self.path, os.O_RDONLY)
        try:
            offset, end = self.offset, self.offset + os.fstat(file).st_size
            while found := read_entries(file, self.offset, offset, end):
                yield from found
                offset = found[-1].end
        finally:
            os.close(file)


def segments_of(folder: Path) -> list[Segment]:
    """The segments in a folder, oldest first."""
    names = (path.stem.partition("-") for path in sorted(folder.glob("*.log")))
    return [Segment.beginning(folder, int(offset), int(sequence)) for offset, _, sequence in names]


def read_entries(file: int, base: int, offset: int, end: int) -> list[Entry]:
    """The whole entries at `offset` of a segment that begins at `base`: a chunk, or one long one.

    Nothing from `end` on is read. Empty: there is no whole, undamaged entry.
    """
    data = os.pread(file, min(CHUNK, end - offset), offset - base)
    if len(data) < _HEAD.size:
        return []
    longer = _UNCHECKED + _HEAD.unpack_from(data)[0]
    if longer > len(data):
        data = os.pread(file, min(longer, end - offset), offset - base)
    return list(_parse(data, offset))


def _parse(data: bytes, offset: int) -> Iterator[Entry]:
    position = 0
    while position + _HEAD.size <= len(data):
        length, checksum, sequence, enqueued, count = _HEAD.unpack_from(data, position)
        end = position + _UNCHECKED + length
        checked = memoryview(data)[position + _UNCHECKED : end]
        if end > len(data) or length < _HEAD.size - _UNCHECKED or zlib.crc32(checked) != checksum:
            return
        body = data[position + _HEAD.size : end]
        yield Entry(sequence, offset + position, enqueued, count, body)
        position = end
