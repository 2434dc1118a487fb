"""Rows of a table onto the wire: row by row with null compression, or as one compact-array.

A *run* is a set of rows that differ only in clock and values. Key cells of its first row are null
as far as they equal the row above; in its other rows all of them are (companion profile 3.2).
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import repeat, starmap

from devices.protocol.axdr import length_bytes
from devices.protocol.tables import Column, Kind, Table
from devices.simulator.local import LocalClock

ARRAY, STRUCTURE, COMPACT_ARRAY = b"\x01", b"\x02", b"\x13"
CLOCK, MAC = "clock", "mac"

Key = int | bytes
Values = tuple[Sequence[Key], ...]


@dataclass(frozen=True, slots=True)
class Run:
    """`count` rows. `before` and `after` are the key cells around the clock; the clock of row i is
    `at + i * step` (None where the clock is no key). `present` are the positions of the value
    columns that are collected, `load` computes those columns."""

    before: tuple[Key, ...]
    at: int | None
    step: int
    after: tuple[Key, ...]
    count: int
    present: tuple[int, ...]
    load: Callable[[], Values]

    def part(self, first: int, last: int) -> "Run":
        """Rows first to last - 1."""
        at = None if self.at is None else self.at + first * self.step
        return replace(
            self,
            at=at,
            count=last - first,
            load=lambda: tuple(column[first:last] for column in self.load()),
        )


@dataclass(frozen=True, slots=True)
class Cell:
    """How one column is written: tag (and length) before the value, code of module struct."""

    tag: bytes
    length: bytes
    code: str

    @property
    def prefix(self) -> bytes:
        """What stands before the value in a row of its own."""
        return self.tag + self.length


_CODES = {Kind.U8: "B", Kind.U16: "H", Kind.U32: "I", Kind.I32: "i", Kind.U64: "Q"}


def _cell(column: Column) -> Cell:
    if column.kind is Kind.OCTETS:
        size = 6 if column.label == MAC else 12
        return Cell(bytes((column.kind,)), bytes((size,)), f"{size}s")
    return Cell(bytes((column.kind,)), b"", _CODES[column.kind])


@dataclass(frozen=True, slots=True)
class Layout:
    """The cells of a table: keys, then values."""

    keys: tuple[Cell, ...]
    values: tuple[Cell, ...]

    @property
    def width(self) -> int:
        """Cells in a row."""
        return len(self.keys) + len(self.values)


@lru_cache
def layout(table: Table) -> Layout:
    """The layout of a bulk table; its key columns stand first."""
    return Layout(
        tuple(_cell(column) for column in table.columns if column.key),
        tuple(_cell(column) for column in table.columns if not column.key),
    )


@lru_cache(maxsize=256)
def _packer(cells: tuple[Cell, ...], present: tuple[int, ...]) -> struct.Struct:
    """Value cells with their prefixes; a cell that is not collected is one zero byte: null."""
    return struct.Struct(
        ">"
        + "".join(
            f"{len(cell.prefix)}s{cell.code}" if place in present else "x"
            for place, cell in enumerate(cells)
        )
    )


@lru_cache(maxsize=256)
def _key_packer(cells: tuple[Cell, ...]) -> struct.Struct:
    return struct.Struct(">" + "".join(f"{len(cell.prefix)}s{cell.code}" for cell in cells))


def row_pieces(of: Layout, clock: LocalClock, runs: Iterable[Run]) -> Iterator[bytes]:
    """The rows of each run, encoded (without the array's header)."""
    start = STRUCTURE + bytes((of.width,))
    rest = start + bytes(len(of.keys))
    above: tuple[Key, ...] | None = None
    for run in runs:
        given = 0 if above is None else _given(above, run)
        yield start + _keys(of, clock, run, given) + rest.join(_bodies(of, run))
        above = run.before


def _given(above: tuple[Key, ...], run: Run) -> int:
    """The first key cell to be given: the first that differs from the row above, or the clock."""
    for place, (old, new) in enumerate(zip(above, run.before, strict=True)):
        if old != new:
            return place
    return len(run.before)


def _keys(of: Layout, clock: LocalClock, run: Run, given: int) -> bytes:
    stamp = () if run.at is None else (clock.stamp(run.at),)
    cells = (*run.before, *stamp, *run.after)[given:]
    arguments = [part for cell, key in zip(of.keys[given:], cells, strict=True)
                 for part in (cell.prefix, key)]  # fmt: skip
    return bytes(given) + _key_packer(of.keys[given:]).pack(*arguments)


def _bodies(of: Layout, run: Run) -> Iterator[bytes]:
    columns: list[Iterable[Key]] = []
    for place, column in zip(run.present, run.load(), strict=True):
        columns += repeat(of.values[place].prefix), column
    return starmap(_packer(of.values, run.present).pack, zip(*columns, strict=False))


def is_uniform(of: Layout, runs: Iterable[Run]) -> bool:
    """Whether a compact-array can hold the runs: it knows no null, so no cell may be missing."""
    return all(len(run.present) == len(of.values) for run in runs)


def compact_head(of: Layout, count: int) -> bytes:
    """Tag, type description and length of a compact-array of `count` rows."""
    tags = b"".join(cell.tag for cell in of.keys + of.values)
    description = STRUCTURE + bytes((of.width,)) + tags
    return COMPACT_ARRAY + description + length_bytes(count * _compact_packer(of).size)


def compact_pieces(of: Layout, clock: LocalClock, runs: Iterable[Run]) -> Iterator[bytes]:
    """The rows of each run as contents of a compact-array: every key in full, no tags."""
    pack = _compact_packer(of).pack
    cells = of.keys + of.values
    for run in runs:
        columns: list[Iterable[Key]] = []
        for cell, column in zip(cells, _columns(clock, run), strict=True):
            columns += (repeat(cell.length), column) if cell.length else (column,)
        yield b"".join(starmap(pack, zip(*columns, strict=False)))


def _columns(clock: LocalClock, run: Run) -> Iterator[Iterable[Key]]:
    """All columns of a run, keys repeated and clocks written out."""
    yield from map(repeat, run.before)
    if run.at is not None:
        ats = range(run.at, run.at + run.count * (run.step or 1), run.step or 1)
        yield map(clock.stamp, ats) if run.step else repeat(clock.stamp(run.at))
    yield from map(repeat, run.after)
    yield from run.load()


@lru_cache(maxsize=32)
def _compact_packer(of: Layout) -> struct.Struct:
    return struct.Struct(
        ">"
        + "".join(
            (f"{len(cell.length)}s" if cell.length else "") + cell.code
            for cell in of.keys + of.values
        )
    )
