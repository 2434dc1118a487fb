"""Tables whose every row is a record of its own."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from devices.drivers.cosem.stamps import instant
from devices.drivers.cosem.tables.base import Layout, Piece, TableReader
from devices.protocol.clock import is_unspecified
from devices.protocol.errors import GarbledError
from devices.protocol.rows import Run
from devices.protocol.tables import Column, Table
from devices.protocol.tables.base import CLOCK, PLAIN_CLOCK
from devices.protocol.tables.node_list import DISCOVERED, LAST_CONTACT
from devices.protocol.tables.repeaters import UPDATED
from hes.domain.records import Record

STAMPS = (CLOCK, PLAIN_CLOCK, DISCOVERED, LAST_CONTACT, UPDATED)

Row = tuple[Any, ...]
Moment = tuple[int, int]
"""UTC epoch seconds and offset."""
Build = Callable[..., Record]


class RowReader:
    """Null key cells take the value of the row above; stamps become moments.

    `build` gets one argument per column in our order. A null (or a stamp that names no instant) in
    any other cell is refused unless its column is `optional`.
    """

    def __init__(
        self, build: Build, optional: tuple[Column, ...], layout: Layout, zone: ZoneInfo
    ) -> None:
        columns = layout.table.columns
        self._build = build
        self._layout = layout
        self._zone = zone
        self._keys = [place for place, column in enumerate(columns) if column.key]
        self._stamps = [place for place, column in enumerate(columns) if column in STAMPS]
        self._optional = {columns.index(column) for column in optional}
        self._above: dict[int, Any] = {}

    def feed(self, run: Run) -> Iterator[Record]:
        for piece in self._layout.pieces(run):
            for row in self._rows(piece):
                yield self._build(*row)

    def finish(self) -> tuple[Record, ...]:
        return ()

    def _rows(self, piece: Piece) -> "zip[Row]":
        columns, count = piece
        filled = [
            self._unwritten(place, count) if cells is None else cells
            for place, cells in enumerate(columns)
        ]
        for place in self._keys:
            self._above[place] = filled[place][-1]
        for place in self._stamps:
            filled[place] = [self._moment(place, raw) for raw in filled[place]]
        return zip(*filled, strict=True)

    def _unwritten(self, place: int, count: int) -> Sequence[Any]:
        """What a null stands for: the row above in a key column, nothing in an optional one."""
        if place in self._above:
            return [self._above[place]] * count
        if place not in self._optional:
            table = self._layout.table
            raise GarbledError(f"{table.title}: {table.columns[place].label} is not given")
        return [None] * count

    def _moment(self, place: int, raw: bytes | None) -> Moment | None:
        if raw is None or (place in self._optional and is_unspecified(raw)):
            return None
        return instant(raw, self._zone)


def row_table(table: Table, build: Build, optional: tuple[Column, ...] = ()) -> TableReader:
    """A table that `build` reads row by row."""

    def reader(layout: Layout, zone: ZoneInfo) -> RowReader:
        return RowReader(build, optional, layout, zone)

    return TableReader(table, reader)
