"""T3: one row per meter, register and interval (companion profile 3.3, scalers 4.3)."""

from devices.protocol.tables.base import (
    CLOCK,
    CYCLE,
    MAC,
    PERIOD,
    STATUS,
    Kind,
    Table,
    key_own,
    own,
)

REGISTER = key_own(4, "register", Kind.U8)
VALUE_KIND = key_own(5, "value kind", Kind.U8)
VALUE = own(27, "value", Kind.I32)

MEASURANDS = Table(
    3, "measurands", (CYCLE, MAC, REGISTER, VALUE_KIND, PERIOD, CLOCK, STATUS, VALUE)
)
