"""What a bulk table of a concentrator is (companion profile 3.2, 3.3; all *assumed*: HES-CB 1).

A table is a profile (class 7) at `0.0.96.51.t`. A column is known by (class, OBIS, attribute), not
by its position: devices may order and extend their tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from devices.protocol import obis
from devices.protocol.apdu import Attribute
from devices.protocol.errors import TableMismatchError
from devices.protocol.selective import CaptureObject

PROFILE_CLASS, BUFFER, CAPTURE_OBJECTS = 7, 2, 3


class Kind(IntEnum):
    """Wire type of a column's cells: the A-XDR tag."""

    ARRAY = 1
    I32 = 5
    U32 = 6
    OCTETS = 9
    U8 = 17
    U16 = 18
    U64 = 21


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `key` cells may be null = as in the row above (companion profile 3.2)."""

    label: str
    source: CaptureObject
    kind: Kind
    key: bool = False


def own(number: int, label: str, kind: Kind, *, key: bool = False) -> Column:
    """A column of the manufacturer range, `1·0.0.96.53.c·2`."""
    return Column(label, CaptureObject(1, obis.parse(f"0.0.96.53.{number}"), 2), kind, key)


def key_own(number: int, label: str, kind: Kind) -> Column:
    """A key column of the manufacturer range."""
    return own(number, label, kind, key=True)


CYCLE = key_own(1, "cycle", Kind.U32)
MAC = key_own(2, "mac", Kind.OCTETS)
PLAIN_MAC = own(2, "mac", Kind.OCTETS)
PERIOD = key_own(3, "period", Kind.U8)
CLOCK_SOURCE = CaptureObject(8, obis.parse("0.0.1.0.0"), 2)
CLOCK = Column("clock", CLOCK_SOURCE, Kind.OCTETS, key=True)
PLAIN_CLOCK = Column("clock", CLOCK_SOURCE, Kind.OCTETS)
STATUS = Column("status", CaptureObject(1, obis.parse("0.0.96.10.1"), 2), Kind.U8, key=True)
TOTALS = tuple(
    own(20 + tariff, f"t{tariff}" if tariff else "total", Kind.U32) for tariff in range(7)
)


@dataclass(frozen=True, slots=True)
class Table:
    """A bulk table: number t, what operators call it, its columns in our order."""

    number: int
    title: str
    columns: tuple[Column, ...]

    @property
    def buffer(self) -> Attribute:
        """The attribute that holds the rows."""
        return Attribute(PROFILE_CLASS, obis.parse(f"0.0.96.51.{self.number}"), BUFFER)

    @property
    def capture_objects(self) -> Attribute:
        """The attribute that names the device's columns."""
        return Attribute(PROFILE_CLASS, obis.parse(f"0.0.96.51.{self.number}"), CAPTURE_OBJECTS)

    def positions(self, captured: Sequence[CaptureObject]) -> tuple[int, ...]:
        """Where each of our columns stands in a device's row.

        TableMismatchError names the columns the device lacks.
        """
        places = {source: place for place, source in enumerate(captured)}
        missing = [column.label for column in self.columns if column.source not in places]
        if missing:
            raise TableMismatchError(f"table {self.number} ({self.title}) lacks {missing}")
        return tuple(places[column.source] for column in self.columns)
