"""T6: interruption counters per phase and period, newest per meter (companion profile 3.3)."""

from devices.protocol.tables.base import CLOCK, CYCLE, MAC, Kind, Table, key_own, own

THVI = key_own(38, "THVI", Kind.U16)
TSI = key_own(39, "TSI", Kind.U16)
TLI = key_own(40, "TLI", Kind.U16)
PHASE = own(8, "phase", Kind.U8)
WHICH_PERIOD = own(41, "period", Kind.U8)
NSHV = own(42, "NSHV", Kind.U16)
NAV = own(43, "NAV", Kind.U16)
NLOV = own(44, "NLOV", Kind.U16)
TSHV = own(45, "TSHV", Kind.U32)

VOLTAGE_INTERRUPTION = Table(
    6,
    "voltage interruption",
    (CYCLE, MAC, CLOCK, THVI, TSI, TLI, PHASE, WHICH_PERIOD, NSHV, NAV, NLOV, TSHV),
)
