"""The buffer of a bulk table as a GET answers it: selection in, encoded value in pieces out."""

from collections.abc import Iterator

from devices.protocol import tables as columns
from devices.protocol.axdr import encode, length_bytes
from devices.protocol.errors import DataAccess, GarbledError
from devices.protocol.selective import ByEntry, ByRange, CaptureObject, Selection
from devices.protocol.services import Encoded
from devices.protocol.tables.base import CLOCK, CYCLE, MAC
from devices.simulator.tables import JOURNALS, SNAPSHOTS
from devices.simulator.tables.journal import (
    ClockRange,
    CycleRange,
    Everything,
    OneMeter,
    Scope,
)
from devices.simulator.tables.rows import (
    ARRAY,
    Run,
    compact_head,
    compact_pieces,
    is_uniform,
    layout,
    row_pieces,
)
from devices.simulator.tables.snapshots import Row
from devices.simulator.tables.view import View


def answer(
    view: View, number: int, selection: Selection | None, *, compact: bool = False
) -> Encoded | DataAccess:
    """The rows of table `number` that a GET asks for, or why not.

    `compact` prefers a compact-array; it has no null, so an answer in which a cell is not collected
    still goes row by row.
    """
    scope: Scope = Everything()
    if isinstance(selection, ByRange):
        try:
            scope = _scope(view, selection)
        except (GarbledError, TypeError):
            return DataAccess.TYPE_UNMATCHED
    entry = selection if isinstance(selection, ByEntry) else None
    if number in SNAPSHOTS:
        return _snapshot(view, number, scope, entry)
    runs = JOURNALS[number].select(view, scope)
    runs = runs if entry is None else list(_entries(runs, entry))
    return Encoded(_pieces(view, number, runs, compact))


def count(view: View, number: int, scope: Scope) -> int:
    """How many rows a scope of a table has."""
    if number in SNAPSHOTS:
        return len(SNAPSHOTS[number](view))
    return sum(run.count for run in JOURNALS[number].select(view, scope))


def capture_objects(number: int) -> tuple[CaptureObject, ...]:
    """The columns of a table, in order."""
    return tuple(column.source for column in columns.TABLES[number].columns)


def _scope(view: View, selection: ByRange) -> Scope:
    """Cycles, clocks or one meter; any other column or type raises GarbledError or TypeError."""
    column, start, end = selection.column, selection.start, selection.end
    if selection.selected:
        raise GarbledError("selected columns are not supported")
    if isinstance(start, int) and isinstance(end, int) and column == CYCLE.source:
        return CycleRange(start, end)
    if not isinstance(start, bytes) or not isinstance(end, bytes):
        raise GarbledError("limits of another type than the column")
    if column == CLOCK.source:
        return ClockRange(view.clock.instant(start), view.clock.instant(end))
    if column == MAC.source and start == end:
        return OneMeter(start)
    raise GarbledError("range on a column that cannot be asked")


def _entries(runs: list[Run], entry: ByEntry) -> Iterator[Run]:
    """The rows first to last of the whole buffer, counted from 1; last 0 is the end."""
    begin = 1
    last = entry.last or sum(run.count for run in runs)
    for run in runs:
        low, high = max(entry.first - begin, 0), min(last - begin + 1, run.count)
        if low < high:
            yield run.part(low, high)
        begin += run.count


def _pieces(view: View, number: int, runs: list[Run], compact: bool) -> Iterator[bytes]:
    rows = sum(run.count for run in runs)
    of = layout(columns.TABLES[number])
    if compact and rows and is_uniform(of, runs):
        yield compact_head(of, rows)
        yield from compact_pieces(of, view.clock, runs)
    else:
        yield ARRAY + length_bytes(rows)
        yield from row_pieces(of, view.clock, runs)


def _snapshot(view: View, number: int, scope: Scope, entry: ByEntry | None) -> Encoded | DataAccess:
    rows = SNAPSHOTS[number](view)
    if isinstance(scope, OneMeter):
        rows = [row for row in rows if row[0] == scope.mac]
    elif not isinstance(scope, Everything):
        return DataAccess.TYPE_UNMATCHED
    if entry is not None:
        rows = rows[entry.first - 1 : entry.last or None]
    return Encoded(_encoded(rows))


def _encoded(rows: list[Row]) -> Iterator[bytes]:
    yield ARRAY + length_bytes(len(rows))
    yield from map(encode, rows)
