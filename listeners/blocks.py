"""Rows of the raw journal that are committed together, in memory and on disk.

On disk a block is a head and its rows, ready for COPY; a check sum over both tells what a crash
has torn. Numbers rise within a run of the listener, so a block is never committed twice.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO
from uuid import UUID

from listeners.batches import Batch

_MAGIC = b"HLB1"  # another one when the columns of the journal change
_START = struct.Struct(">4sI")  # what it is, and the sum over all that follows
_HEAD = struct.Struct(">I16sQIqq")
_BEFORE_ROWS = _START.size + _HEAD.size
_LONGEST = 64 * 1024 * 1024  # bytes of rows; more was never written


class TornBlock(Exception):
    """The file ends within a block: it was being written when the process or host stopped."""


class DamagedBlock(Exception):
    """Bytes that are no block, or not the one that was written."""


@dataclass(frozen=True, slots=True)
class Block:
    """`count` rows received from `first_at` to `last_at` (microseconds from 1970 UTC)."""

    run: UUID
    number: int
    count: int
    first_at: int
    last_at: int
    rows: bytes


def block_of(run: UUID, number: int, batches: Sequence[Batch]) -> Block:
    """The rows of these batches, in their order."""
    moments = [batch.received_at for batch in batches]
    count = sum(len(batch.sizes) for batch in batches)
    rows = b"".join(batch.rows() for batch in batches)
    return Block(run, number, count, min(moments), max(moments), rows)


def packed(block: Block) -> bytes:
    """As it lies on disk."""
    head = _HEAD.pack(
        len(block.rows),
        block.run.bytes,
        *(block.number, block.count, block.first_at, block.last_at),
    )
    return b"".join((_START.pack(_MAGIC, _sum(head, block.rows)), head, block.rows))


def read(file: BinaryIO) -> Block | None:
    """The next block of a file; None at its end. Raises TornBlock or DamagedBlock."""
    start = file.read(_BEFORE_ROWS)
    if not start:
        return None
    if len(start) < _BEFORE_ROWS:
        raise TornBlock
    magic, total = _START.unpack_from(start)
    head = start[_START.size :]
    length, run, number, count, first_at, last_at = _HEAD.unpack(head)
    if magic != _MAGIC or length > _LONGEST:
        raise DamagedBlock
    rows = file.read(length)
    if len(rows) < length:
        raise TornBlock
    if _sum(head, rows) != total:
        raise DamagedBlock
    return Block(UUID(bytes=run), number, count, first_at, last_at, rows)


def _sum(head: bytes, rows: bytes) -> int:
    return zlib.crc32(rows, zlib.crc32(head))
