"""Measurand registers, value types and the reading type each combination is exported under.

Source: `codes/measurand_registers.csv` (001 2.1.7, 003 6.2.3); scalers: companion profile 4.3,
assumed.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from hes.domain.catalogue import rows

_MINUTES_ATTRIBUTE = {15: "2", 60: "7"}  # third attribute: measuring period (design D22)


class ValueType(IntEnum):
    """How a register is formed in its period; numbers of table T3 (assumed), words of 001 2.1.7."""

    INSTANTANEOUS = 1
    AVERAGE = 2
    MINIMUM = 3
    MAXIMUM = 4


_AGGREGATE = {
    ValueType.INSTANTANEOUS: "0",
    ValueType.AVERAGE: "2",
    ValueType.MINIMUM: "9",
    ValueType.MAXIMUM: "8",
}


@dataclass(frozen=True, slots=True)
class Register:
    """One measurable quantity; a raw value times 10**scaler is in `unit`."""

    code: int
    description: str
    unit: str
    obis: str
    scaler: int
    reading_type_60min: str


_SCALER_BY_UNIT = {"V": -1, "A": -2, "Hz": -2, "cos_phi": -3}

REGISTERS: dict[int, Register] = {
    int(row["register_hex"], 16): Register(
        code=int(row["register_hex"], 16),
        description=row["description"],
        unit=row["unit"],
        obis=row["obis"],
        scaler=_SCALER_BY_UNIT.get(row["unit"], 0),
        reading_type_60min=row["reading_type_60min"],
    )
    for row in rows("measurand_registers")
}


@cache
def reading_type(register: int, value_type: int, period: int) -> str:
    """The 18-attribute reading type of a register, value type and period (15 or 60 minutes)."""
    parts = REGISTERS[register].reading_type_60min.split(".")
    parts[1] = _AGGREGATE[ValueType(value_type)]
    parts[2] = _MINUTES_ATTRIBUTE[period]
    return ".".join(parts)
