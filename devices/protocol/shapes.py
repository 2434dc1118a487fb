"""The fixed layout that consecutive rows of a profile buffer share, for both directions.

Rows of one meter differ in their values, hardly ever in the types and sizes of their cells. So one
regular expression proves in C speed how many rows in a stretch of bytes have one layout, and one
struct takes their values out, or puts them in.
"""

import re
import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import TypeAlias

from devices.protocol.axdr import Data, length_bytes
from devices.protocol.axdr.types import NULL, NUMBERS, OCTET_STRING, STAMPS, STRUCTURE

MAX_RUN = 2_000
"""Rows handed on at once."""

Cell: TypeAlias = tuple[int, int]
"""A-XDR tag and, for an octet-string, its size (otherwise 0)."""


class Shape:
    """One layout. `cells` are given in row order; `packed` leaves tags out (compact-array)."""

    __slots__ = ("_layout", "_literals", "_pack", "_rows", "size", "tags")

    def __init__(self, cells: Sequence[Cell], *, packed: bool) -> None:
        self.tags = tuple(tag for tag, _ in cells)
        segments = list(_segments(cells, packed))
        pattern = b"".join(re.escape(lit) + b".{%d}" % _size(code) for lit, code in segments)
        self._rows = re.compile(b"(?s:%b){1,%d}+" % (pattern, MAX_RUN))
        self._layout = struct.Struct(">" + "".join(f"{len(lit)}x{code}" for lit, code in segments))
        self._pack = struct.Struct(">" + "".join(f"{len(lit)}s{code}" for lit, code in segments))
        self._literals = tuple(lit for lit, _ in segments)
        self.size = self._layout.size

    def count(self, data: bytes, pos: int, end: int) -> int:
        """How many rows of this layout stand at `pos`, at most MAX_RUN."""
        found = self._rows.match(data, pos, end)
        return 0 if found is None else (found.end() - pos) // self.size

    def unpack(self, data: bytes, pos: int, rows: int) -> "list[tuple[Data, ...]]":
        """The values of `rows` rows, null cells left out."""
        return list(self._layout.iter_unpack(data[pos : pos + rows * self.size]))

    def pack(self, values: Sequence[Data]) -> bytes:
        """One row from its values, null cells left out."""
        if len(values) == len(self._literals):
            return self._pack.pack(*chain.from_iterable(zip(self._literals, values, strict=True)))
        *literals, last = self._literals
        pairs = zip(literals, values, strict=True)
        return self._pack.pack(*chain.from_iterable(pairs), last)


@lru_cache(maxsize=1024)
def row_shape(cells: tuple[Cell, ...]) -> Shape:
    """The layout of rows written one by one, each a structure of tagged cells."""
    return Shape(cells, packed=False)


@lru_cache(maxsize=1024)
def packed_shape(cells: tuple[Cell, ...]) -> Shape:
    """The layout of the elements of a compact-array."""
    return Shape(cells, packed=True)


def _segments(cells: Sequence[Cell], packed: bool) -> Iterable[tuple[bytes, str]]:
    """Constant bytes and the struct code of the value after them; the last may have none."""
    literal = b"" if packed else bytes((STRUCTURE,)) + length_bytes(len(cells))
    for tag, size in cells:
        literal += b"" if packed else bytes((tag,))
        if tag == NULL:
            continue
        if tag == OCTET_STRING:
            literal += length_bytes(size)
        yield literal, _code(tag, size)
        literal = b""
    if literal:
        yield literal, ""


def _code(tag: int, size: int) -> str:
    if tag == OCTET_STRING:
        return f"{size}s"
    return NUMBERS[tag][0] if tag in NUMBERS else f"{STAMPS[tag][0]}s"


def _size(code: str) -> int:
    return struct.calcsize(">" + code)
