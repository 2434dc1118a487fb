"""Rows as a concentrator writes them, and the records a reader makes of them."""

from collections.abc import Sequence

from devices.drivers.base import Table
from devices.drivers.cosem.tables import READERS, Layout
from devices.protocol import clock
from devices.protocol.axdr import U8, U16, U32, Data, encode
from devices.protocol.rows import BufferDecoder
from hes.domain.records import Record
from tests.devices.drivers.cosem.device import SANTIAGO

MAC, OTHER = bytes.fromhex("860E240E995A"), bytes.fromhex("860E240E995B")
T0 = 1_795_180_500  # 2026-11-20 13:15 UTC = 10:15 in Santiago, summer time
SUMMER, WINTER = 180, 240


def stamp(at: int, deviation: int = SUMMER) -> bytes:
    return clock.encode(at, deviation, clock.SUMMER_TIME if deviation == SUMMER else 0)


def keyed(at: int, *values: int | None, mac: bytes = MAC, status: int = 8, cycle: int = 420,
          deviation: int = SUMMER) -> tuple[Data, ...]:  # fmt: skip
    """A load-profile row with all its keys; missing channels are not collected."""
    keys = U32(cycle), mac, U8(15), stamp(at, deviation), U8(status)
    return (*keys, *channels(values))


def following(*values: int | None) -> tuple[Data, ...]:
    """A load-profile row whose keys are as above."""
    return (None,) * 5 + channels(values)


def channels(values: Sequence[int | None]) -> tuple[Data, ...]:
    padded = (*values, *[None] * (6 - len(values)))
    return tuple(None if value is None else U32(value) for value in padded)


def decoded(
    duty: Table, rows: Sequence[Sequence[Data]], *, layout: Layout | None = None, chunk: int = 4096
) -> list[Record]:
    """The records of an answer that arrives in blocks of `chunk` bytes."""
    table = READERS[duty].table
    layout = layout or Layout.of(table, [column.source for column in table.columns])
    reader = READERS[duty].reader(layout, SANTIAGO)
    raw, decoder, records = encode(list(map(tuple, rows))), BufferDecoder(width=layout.width), []
    for at in range(0, len(raw), chunk):
        for run in decoder.feed(raw[at : at + chunk]):
            records += reader.feed(run)
    decoder.finish()
    return [*records, *reader.finish()]


def prefix(cycle: int = 7, mac: bytes = MAC, at: int = T0) -> tuple[Data, ...]:
    """Cycle, MAC, clock."""
    return U32(cycle), mac, stamp(at)


def u16s(*values: int) -> tuple[Data, ...]:
    return tuple(map(U16, values))


def u32s(*values: int) -> tuple[Data, ...]:
    return tuple(map(U32, values))
