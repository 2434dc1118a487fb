"""T9: how each meter is reached over the power line, a snapshot (companion profile 3.3)."""

from devices.protocol.tables.base import PLAIN_MAC, Kind, Table, own
from devices.protocol.tables.node_list import QUALITY, ROW

LEVEL = own(50, "level", Kind.U8)
REPEATERS = tuple(own(50 + n, f"repeater {n}", Kind.OCTETS) for n in (1, 2, 3))
UPDATED = own(54, "updated", Kind.OCTETS)

REPEATER_TABLE = Table(9, "repeaters", (PLAIN_MAC, ROW, LEVEL, *REPEATERS, QUALITY, UPDATED))
