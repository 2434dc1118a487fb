"""Classes 3, register, and 4, extended register (IEC 62056-6-2)."""

from dataclasses import dataclass
from typing import ClassVar

from devices.protocol import expect
from devices.protocol.axdr import I8, Data, Enum
from devices.protocol.objects.base import CosemObject


class Register(CosemObject):
    """A value with scaler and unit; method 1 resets it."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 3
    VALUE: ClassVar[int] = 2
    SCALER_UNIT: ClassVar[int] = 3
    RESET: ClassVar[int] = 1


class ExtendedRegister(Register):
    """A register that also knows its status and the time of its value."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 4
    STATUS: ClassVar[int] = 4
    CAPTURE_TIME: ClassVar[int] = 5


@dataclass(frozen=True, slots=True)
class ScalerUnit:
    """Physical value = stored value x 10^scaler, unit by number (27 W, 30 Wh, 32 varh)."""

    scaler: int
    unit: int

    def data(self) -> tuple[Data, ...]:
        """As st{i8, enum}."""
        return I8(self.scaler), Enum(self.unit)


def scaler_unit(value: Data) -> ScalerUnit:
    """Attribute 3 of a register."""
    scaler, unit = expect.structure(value, "scaler-unit", 2)
    return ScalerUnit(expect.integer(scaler, "scaler"), expect.integer(unit, "unit"))
