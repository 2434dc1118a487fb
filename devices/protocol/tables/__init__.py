"""The bulk tables T1 to T10 of a concentrator, one module each, and their registry."""

from devices.protocol.tables.base import Column, Kind, Table
from devices.protocol.tables.cedata import CEDATA
from devices.protocol.tables.daily_closure import DAILY_CLOSURE
from devices.protocol.tables.events import EVENTS
from devices.protocol.tables.load_profile import LOAD_PROFILE
from devices.protocol.tables.measurands import MEASURANDS
from devices.protocol.tables.meter_entries import METER_ENTRIES
from devices.protocol.tables.node_list import NODE_LIST
from devices.protocol.tables.repeaters import REPEATER_TABLE
from devices.protocol.tables.voltage_interruption import VOLTAGE_INTERRUPTION
from devices.protocol.tables.voltage_variation import VOLTAGE_VARIATION

TABLES: dict[int, Table] = {
    table.number: table
    for table in (
        DAILY_CLOSURE, LOAD_PROFILE, MEASURANDS, CEDATA, VOLTAGE_VARIATION, VOLTAGE_INTERRUPTION,
        EVENTS, NODE_LIST, REPEATER_TABLE, METER_ENTRIES,
    )
}  # fmt: skip

__all__ = [
    "CEDATA", "DAILY_CLOSURE", "EVENTS", "LOAD_PROFILE", "MEASURANDS", "METER_ENTRIES",
    "NODE_LIST", "REPEATER_TABLE", "TABLES", "VOLTAGE_INTERRUPTION", "VOLTAGE_VARIATION",
    "Column", "Kind", "Table",
]  # fmt: skip
