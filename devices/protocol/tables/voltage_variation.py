"""T5: weekly voltage quality per meter, 0.1 V and samples (companion profile 3.3)."""

from devices.protocol.tables.base import CLOCK, CYCLE, MAC, Kind, Table, own

MINIMUM = own(34, "minimum", Kind.U16)
MAXIMUM = own(35, "maximum", Kind.U16)
SAMPLES_KO = own(36, "samples KO", Kind.U32)
SAMPLES_OK = own(37, "samples OK", Kind.U32)

VOLTAGE_VARIATION = Table(
    5, "voltage variation", (CYCLE, MAC, CLOCK, MINIMUM, MAXIMUM, SAMPLES_KO, SAMPLES_OK)
)
