"""How the bulk tables become records, one module each, and their registry."""

from devices.drivers.base import Table
from devices.drivers.cosem.tables import (
    closures,
    current_data,
    interruption_counters,
    load_profile,
    measurands,
    nodes,
    repeaters,
    status_and_events,
    voltage_variation,
)
from devices.drivers.cosem.tables.base import Layout, Reader, TableReader

READERS: dict[Table, TableReader] = {
    Table.CLOSURES: closures.READER,
    Table.LOAD_PROFILE: load_profile.READER,
    Table.MEASURANDS: measurands.READER,
    Table.CURRENT_DATA: current_data.READER,
    Table.VOLTAGE_VARIATION: voltage_variation.READER,
    Table.INTERRUPTION_COUNTERS: interruption_counters.READER,
    Table.STATUS_AND_EVENTS: status_and_events.READER,
    Table.NODES: nodes.READER,
    Table.REPEATERS: repeaters.READER,
}
DUTIES: dict[int, Table] = {reader.table.number: duty for duty, reader in READERS.items()}
"""The duty of table t."""

__all__ = ["DUTIES", "READERS", "Layout", "Reader", "TableReader"]
