"""Streaming decoder and encoder of a profile buffer, row-wise or compact-array.

The hot path of every collection: see devices.protocol.shapes for why it is fast.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Protocol

from devices.protocol.axdr import MAX_OCTETS, Data, decode, length_bytes, read_length
from devices.protocol.axdr.compact import (
    Description,
    StructureOf,
    checked_cells,
    read_content,
    read_description,
)
from devices.protocol.axdr.types import (
    ARRAY,
    COMPACT_ARRAY,
    NULL,
    NUMBERS,
    OCTET_STRING,
    STAMPS,
    STRUCTURE,
)
from devices.protocol.errors import GarbledError, TruncatedError
from devices.protocol.shapes import MAX_RUN, Cell, Shape, packed_shape, row_shape

MAX_ROWS = 200_000
MAX_HELD = 128 * 1024
"""Bytes of one unfinished row."""
MAX_SHAPES = 64
"""Layouts one answer may bring; rows of further ones are decoded singly."""


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive rows, at most 2,000.

    With `tags` all rows have these cell types (0 = null in every row) and `values` holds the cells
    that are not null, as plain int, bytes, bool or float. Without (`tags` empty) `values` holds
    whole rows of any A-XDR values. Cells are as on the wire: null keys are not expanded.
    """

    tags: tuple[int, ...]
    values: list[tuple[Data, ...]]

    def __len__(self) -> int:
        return len(self.values)

    def columns(self) -> "list[Sequence[Data] | None]":
        """Per cell the values of all rows, None for a cell that is null throughout."""
        given = iter(list(zip(*self.values, strict=True)))
        if not self.tags:
            return list(given)
        return [None if tag == NULL else next(given) for tag in self.tags]

    def rows(self) -> Iterator[tuple[Data, ...]]:
        """Whole rows, None for null."""
        if NULL not in self.tags:
            return iter(self.values)
        filled = (repeat(None) if column is None else column for column in self.columns())
        return (row for row, _ in zip(zip(*filled, strict=False), self.values, strict=False))


def array_header(rows: int) -> bytes:
    """What stands before `rows` rows written one by one (row_shape(...).pack each)."""
    return bytes((ARRAY,)) + length_bytes(rows)


def compact_header(tags: Sequence[int], size: int) -> bytes:
    """What stands before the `size` bytes of packed rows (packed_shape(...).pack each)."""
    description = bytes((STRUCTURE,)) + length_bytes(len(tags)) + bytes(tags)
    return bytes((COMPACT_ARRAY,)) + description + length_bytes(size)


class _Grammar(Protocol):
    """How one row is written."""

    def scan(self, data: bytes, pos: int, end: int) -> Shape | None:
        """The layout of the row at `pos`, None if it has no fixed one."""

    def read(self, data: bytes, pos: int) -> tuple[tuple[Data, ...], int]:
        """The row at `pos` and the position after it."""


class BufferDecoder:
    """Takes the encoded value of a buffer in chunks of any size and hands rows on as they come.

    `width` (if given) is the number of cells every row must have. Holds no more than one row.
    """

    def __init__(self, max_rows: int = MAX_ROWS, width: int | None = None) -> None:
        self._max_rows = max_rows
        self._width = width
        self._held = b""
        self._grammar: _Grammar | None = None
        self._shapes: list[Shape] = []
        self._rows_left = 0
        self._bytes_left: int | None = None

    def feed(self, chunk: bytes) -> list[Run]:
        """The rows completed by `chunk`; GarbledError for bytes that are no such buffer."""
        data, pos, runs = self._held + chunk, 0, list[Run]()
        try:
            if self._grammar is None:
                self._grammar, pos = self._open(data)
            while not self._done:
                run, end = self._next_run(self._grammar, data, pos)
                self._count(run, end - pos)
                _append(runs, run)
                pos = end
        except TruncatedError:
            if len(data) - pos > MAX_HELD:
                raise GarbledError("a row of the buffer does not end") from None
        self._held = data[pos:]
        if self._done and self._held:
            raise GarbledError(f"{len(self._held)} bytes after the last row of the buffer")
        return runs

    def finish(self) -> None:
        """Call after the last chunk; GarbledError when rows are missing."""
        if not self._done:
            raise GarbledError("the buffer ends before its last row")

    @property
    def _done(self) -> bool:
        if self._grammar is None:
            return False
        return self._rows_left == 0 if self._bytes_left is None else self._bytes_left == 0

    def _open(self, data: bytes) -> tuple[_Grammar, int]:
        if not data:
            raise TruncatedError("empty buffer")
        if data[0] == ARRAY:
            self._rows_left, pos = read_length(data, 1)
            if self._rows_left > self._max_rows:
                raise GarbledError(f"buffer of {self._rows_left} rows")
            return _RowWise(), pos
        if data[0] != COMPACT_ARRAY:
            raise GarbledError(f"buffer with tag {data[0]}")
        description, pos = read_description(data, 1)
        self._bytes_left, pos = read_length(data, pos)
        self._rows_left = self._max_rows
        return _Packed(description), pos

    def _next_run(self, grammar: _Grammar, data: bytes, pos: int) -> tuple[Run, int]:
        end = len(data)
        if self._bytes_left is not None:
            end = min(end, pos + self._bytes_left)
        for place, shape in enumerate(self._shapes):
            rows = shape.count(data, pos, end)
            if rows:
                if place:
                    self._shapes.insert(0, self._shapes.pop(place))
                return self._shaped(shape, data, pos, min(rows, self._rows_left))
        found = grammar.scan(data, pos, end) if len(self._shapes) < MAX_SHAPES else None
        if found is None:
            return self._single(grammar, data[:end], pos)
        self._shapes.insert(0, found)
        rows = min(found.count(data, pos, end), self._rows_left)
        return self._shaped(found, data, pos, rows)

    def _shaped(self, shape: Shape, data: bytes, pos: int, rows: int) -> tuple[Run, int]:
        return Run(shape.tags, shape.unpack(data, pos, rows)), pos + rows * shape.size

    def _single(self, grammar: _Grammar, data: bytes, pos: int) -> tuple[Run, int]:
        row, pos = grammar.read(data, pos)
        return Run((), [row]), pos

    def _count(self, run: Run, size: int) -> None:
        width = len(run.tags) or len(run.values[0])
        if self._width not in (None, width):
            raise GarbledError(f"row of {width} cells instead of {self._width}")
        if self._bytes_left is not None:
            self._bytes_left -= size
        self._rows_left -= len(run)
        if self._rows_left == 0 and self._bytes_left:
            raise GarbledError(f"buffer of more than {self._max_rows} rows")


def _append(runs: list[Run], run: Run) -> None:
    """Rows without a common layout are gathered, those with one stay apart."""
    last = runs[-1] if runs else run
    mergeable = not run.tags and not last.tags and len(last) < MAX_RUN
    if last is not run and mergeable and len(last.values[0]) == len(run.values[0]):
        last.values.extend(run.values)
    else:
        runs.append(run)


class _RowWise:
    """Rows of an array: structures of tagged cells."""

    def scan(self, data: bytes, pos: int, end: int) -> Shape | None:
        if pos < end and data[pos] != STRUCTURE:
            raise GarbledError(f"row with tag {data[pos]}")
        count, pos = read_length(data, pos + 1)
        if count == 0:
            raise GarbledError("row without cells")
        cells: list[Cell] = []
        for _ in range(count):
            if pos >= end:
                raise TruncatedError("row cut between cells")
            cell, pos = _scan_cell(data, data[pos], pos + 1, end)
            if cell is None:
                return None
            cells.append(cell)
        return row_shape(tuple(cells))

    def read(self, data: bytes, pos: int) -> tuple[tuple[Data, ...], int]:
        row, end = decode(data, pos)
        if not isinstance(row, tuple):
            raise GarbledError("row that is no structure")
        return row, end


class _Packed:
    """Elements of a compact-array whose description is a structure."""

    def __init__(self, description: Description) -> None:
        if not isinstance(description, StructureOf) or _least(description) == 0:
            raise GarbledError("compact-array that does not hold rows")
        checked_cells(description)
        self._description = description

    def scan(self, data: bytes, pos: int, end: int) -> Shape | None:
        cells: list[Cell] = []
        for part in self._description.parts:
            if not isinstance(part, int):
                return None
            cell, pos = _scan_cell(data, part, pos, end)
            if cell is None:
                return None
            cells.append(cell)
        return packed_shape(tuple(cells))

    def read(self, data: bytes, pos: int) -> tuple[tuple[Data, ...], int]:
        row, end = read_content(data, pos, self._description)
        if not isinstance(row, tuple):
            raise GarbledError("row that is no structure")
        return row, end


def _scan_cell(data: bytes, tag: int, pos: int, end: int) -> tuple[Cell | None, int]:
    """The layout of the cell whose content stands at `pos`, None if it has no fixed one."""
    size = 0
    if tag == OCTET_STRING:
        size, pos = read_length(data, pos)
        if size > MAX_OCTETS:
            raise GarbledError(f"cell of {size} bytes")
        pos += size
    elif tag in STAMPS:
        pos += STAMPS[tag][0]
    elif tag in NUMBERS:
        pos += struct.calcsize(">" + NUMBERS[tag][0])
    elif tag != NULL:
        return None, pos
    if pos > end:
        raise TruncatedError("row cut within a cell")
    return (tag, size), pos


def _least(description: Description) -> int:
    """Fewest bytes of one packed element."""
    if isinstance(description, StructureOf):
        return sum(map(_least, description.parts))
    return int(description != NULL)
