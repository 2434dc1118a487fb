"""T1: registers at the local day change, one row per meter and energy (companion profile 3.3)."""

from devices.protocol.tables.base import CLOCK, CYCLE, MAC, TOTALS, Kind, Table, own

ENERGY = own(6, "energy", Kind.U8)

DAILY_CLOSURE = Table(1, "daily closure", (CYCLE, MAC, CLOCK, ENERGY, *TOTALS))
