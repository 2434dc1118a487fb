"""From rows on the wire to columns in our order: what every table reader shares.

A device may order and extend its tables; a `Layout` knows where our columns stand in its rows and
refuses cells of another type. Readers see each piece of a buffer as a list of columns: None where
no row of the piece has the cell, else one value per row.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from devices.protocol.axdr import I32, U8, U16, U32, U64
from devices.protocol.errors import GarbledError
from devices.protocol.rows import Run
from devices.protocol.selective import CaptureObject
from devices.protocol.tables import Kind, Table
from devices.protocol.tables.base import MAC
from hes.domain.records import Record

MAC_SIZE = 6
LARGEST = 2**63 - 1
"""Databases keep signed 64-bit numbers; a larger register is no reading."""
SHAPES_KEPT = 256
NULL = 0
_TAG_OF = {
    type(None): NULL,
    bytes: Kind.OCTETS,
    U8: Kind.U8,
    U16: Kind.U16,
    U32: Kind.U32,
    U64: Kind.U64,
    I32: Kind.I32,
}

# Cells are as varied as A-XDR; their types are proved once per shape, not per value.
Cells = Sequence[Any] | None
Piece = tuple[list[Cells], int]


class Reader(Protocol):
    """Makes records of the rows of one answer, in order."""

    def feed(self, run: Run) -> Iterable[Record]:
        """What is complete with these rows; GarbledError for rows that break the profile."""

    def finish(self) -> Iterable[Record]:
        """What the end of the answer completes."""


@dataclass(frozen=True, slots=True)
class TableReader:
    """How one table becomes records: its columns, and a fresh reader per answer."""

    table: Table
    reader: Callable[["Layout", ZoneInfo], Reader]


@dataclass(slots=True)
class Layout:
    """Where the columns of `table` stand in a device's rows of `width` cells."""

    table: Table
    width: int
    positions: tuple[int, ...]
    _accepted: set[tuple[int, ...]] = field(default_factory=set)
    _mac: int = field(init=False)

    def __post_init__(self) -> None:
        self._mac = [column.label for column in self.table.columns].index(MAC.label)

    @classmethod
    def of(cls, table: Table, captured: Sequence[CaptureObject]) -> "Layout":
        """From attribute 3; TableMismatchError names the columns that are missing."""
        return cls(table, len(captured), table.positions(captured))

    def pieces(self, run: Run) -> Iterator[Piece]:
        """The run's columns in our order, and its length; rows without a common shape singly."""
        if run.tags:
            yield self._picked(run.tags, run.columns()), len(run)
            return
        for row in run.values:
            tags = tuple(_TAG_OF.get(type(cell), -1) for cell in row)
            yield self._picked(tags, [None if cell is None else (cell,) for cell in row]), 1

    def _picked(self, tags: tuple[int, ...], columns: Sequence[Cells]) -> list[Cells]:
        if tags not in self._accepted:
            self._accept(tags)
        picked = [columns[position] for position in self.positions]
        macs = picked[self._mac]  # all of one size, like every octet-string of a shape
        if macs is not None and len(macs[0]) != MAC_SIZE:
            raise self._wrong(f"MAC of {len(macs[0])} bytes")
        if Kind.U64 in tags:
            self._refuse_huge(picked)
        return picked

    def _accept(self, tags: tuple[int, ...]) -> None:
        if len(tags) != self.width:
            raise self._wrong(f"row of {len(tags)} cells instead of {self.width}")
        for position, column in zip(self.positions, self.table.columns, strict=True):
            if not _fits(column.kind, tags[position]):
                raise self._wrong(f"{column.label} has type {tags[position]}")
        if len(self._accepted) < SHAPES_KEPT:
            self._accepted.add(tags)

    def _refuse_huge(self, picked: Sequence[Cells]) -> None:
        for cells in picked:
            if cells is not None and isinstance(cells[0], int) and max(cells) > LARGEST:
                raise self._wrong(f"a register of {max(cells)}")

    def _wrong(self, what: str) -> GarbledError:
        return GarbledError(f"{self.table.title}: {what}")


def _fits(kind: Kind, tag: int) -> bool:
    return tag in (NULL, kind) or (kind is Kind.U32 and tag == Kind.U64)
