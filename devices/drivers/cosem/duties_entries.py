"""Meter entries and the node list of a concentrator, one meter at a time (profile 3.3, 3.4)."""

from collections.abc import Sequence

from devices.drivers.cosem.performing import Duties, Peer
from devices.drivers.cosem.text import text
from devices.drivers.duties import Entry, NodeState, PostEntry, ReadEntry, ReadNode
from devices.protocol import expect
from devices.protocol.axdr import U8, U16, U64, Data
from devices.protocol.errors import TableMismatchError, known
from devices.protocol.objects import DataObject, capture_objects
from devices.protocol.selective import ByRange
from devices.protocol.tables import METER_ENTRIES, NODE_LIST, Table
from devices.protocol.tables.base import PLAIN_MAC
from devices.protocol.tables.node_list import STATE
from devices.session import errors

SET_ENTRY = DataObject.at("0.0.96.54.1").attribute(DataObject.VALUE)
NODE_STATE = NODE_LIST.columns.index(STATE)


async def _row(peer: Peer, table: Table, mac: bytes) -> Sequence[Data] | None:
    """The row of a meter in a snapshot, its cells in our order; None where there is none."""
    captured = capture_objects(await peer.get(table.capture_objects))
    try:
        positions = table.positions(captured)
    except TableMismatchError as error:
        raise errors.columns_missing() from error
    selected = await peer.get(table.buffer, ByRange(PLAIN_MAC.source, mac, mac))
    for row in expect.array(selected, table.title):
        cells = expect.structure(row, table.title, len(captured))
        return [cells[position] for position in positions]
    return None


async def _node(peer: Peer, duty: ReadNode) -> NodeState | None:
    row = await _row(peer, NODE_LIST, duty.mac)
    if row is None:
        return None
    return known(NodeState, expect.integer(row[NODE_STATE], "node state"), "node list")


async def _entry(peer: Peer, duty: ReadEntry) -> Entry | None:
    row = await _row(peer, METER_ENTRIES, duty.mac)
    if row is None:
        return None
    mac, serial, *numbers, measured, _state = row
    phase, place, closure, profile, period, flags = (
        expect.integer(number, "meter entry") for number in numbers
    )
    return Entry(
        mac=expect.octets(mac, "MAC", len(duty.mac)),
        serial=text(expect.octets(serial, "serial")),
        phase=phase,
        row=place,
        closure=closure,
        profile=profile,
        period=period,
        flags=flags,
        measurands=tuple(map(_measurand, expect.array(measured, "measurands"))),
    )


def _measurand(value: Data) -> tuple[int, int, int]:
    register, kind, period = expect.structure(value, "measurand", 3)
    numbers = (expect.integer(number, "measurand") for number in (register, kind, period))
    return next(numbers), next(numbers), next(numbers)


async def _post_entry(peer: Peer, duty: PostEntry) -> None:
    entry = duty.entry
    masks = U8(entry.closure), U8(entry.profile), U8(entry.period), U8(entry.flags)
    measured: Data = [tuple(map(U8, each)) for each in entry.measurands]
    who = entry.mac, entry.serial.encode(), U8(entry.phase), U16(entry.row)
    await peer.set_once(SET_ENTRY, (U64(duty.job), *who, *masks, measured))


ENTRY_DUTIES: Duties = {
    ReadEntry: _entry,
    ReadNode: _node,
    PostEntry: _post_entry,
}
