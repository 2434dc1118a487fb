"""Selective access to a profile buffer (IEC 62056-6-2, class 7): by range or by entry."""

from dataclasses import dataclass
from typing import TypeAlias

from devices.protocol import expect
from devices.protocol.axdr import I8, U16, U32, Data, encode
from devices.protocol.cursor import Cursor
from devices.protocol.errors import GarbledError

BY_RANGE, BY_ENTRY = 1, 2


@dataclass(frozen=True, slots=True)
class CaptureObject:
    """A column of a profile: an attribute of an object; data index 0 = the whole attribute."""

    class_id: int
    name: bytes
    attribute: int
    data_index: int = 0

    def data(self) -> tuple[Data, ...]:
        """As st{u16, os(6), i8, u16}."""
        return (
            U16(self.class_id), self.name, I8(self.attribute), U16(self.data_index),
        )  # fmt: skip


def capture_object(value: Data) -> CaptureObject:
    """The column described by st{u16, os(6), i8, u16}."""
    class_id, name, attribute, data_index = expect.structure(value, "capture object", 4)
    return CaptureObject(
        expect.integer(class_id, "capture object class"),
        expect.octets(name, "capture object name", 6),
        expect.integer(attribute, "capture object attribute"),
        expect.integer(data_index, "capture object data index"),
    )


@dataclass(frozen=True, slots=True)
class ByRange:
    """Rows whose `column` lies between `start` and `end`, limits inclusive.

    The limits carry their wire type: U32 for cycles, 12 bytes for clocks. Empty `selected` means
    all columns.
    """

    column: CaptureObject
    start: Data
    end: Data
    selected: tuple[CaptureObject, ...] = ()


@dataclass(frozen=True, slots=True)
class ByEntry:
    """Rows `first` to `last` (1 = oldest, last 0 = to the end), columns likewise."""

    first: int
    last: int
    first_column: int = 1
    last_column: int = 0


Selection: TypeAlias = ByRange | ByEntry


def write_selection(selection: Selection | None) -> bytes:
    """The optional access-selection of a GET or SET attribute descriptor."""
    if selection is None:
        return b"\x00"
    if isinstance(selection, ByRange):
        parameters: Data = (
            selection.column.data(),
            selection.start,
            selection.end,
            [column.data() for column in selection.selected],
        )
        return bytes((1, BY_RANGE)) + encode(parameters)
    rows, columns = (
        (selection.first, selection.last),
        (
            selection.first_column,
            selection.last_column,
        ),
    )
    return bytes((1, BY_ENTRY)) + encode((*map(U32, rows), *map(U16, columns)))


def read_selection(cursor: Cursor) -> Selection | None:
    """The counterpart of `write_selection`."""
    if not cursor.flag():
        return None
    selector, parameters = cursor.u8(), cursor.value()
    if selector == BY_RANGE:
        return _range(parameters)
    if selector == BY_ENTRY:
        entry = expect.structure(parameters, "entry descriptor", 4)
        return ByEntry(*(expect.integer(limit, "entry descriptor") for limit in entry))
    raise GarbledError(f"access selector {selector}")


def _range(parameters: Data) -> ByRange:
    column, start, end, selected = expect.structure(parameters, "range descriptor", 4)
    columns = expect.array(selected, "selected values")
    return ByRange(capture_object(column), start, end, tuple(map(capture_object, columns)))
