"""Measured quantities by register code (companion profile 4.3) as a pure function of the instant.

Powers follow from the load profile (4 times the quarter's energy), currents from power and voltage;
voltages, angles and frequency wander around their rating. Raw values: scalers of 4.3.
"""

from collections.abc import Callable
from functools import lru_cache
from math import isqrt

from devices.simulator import chance, nameplate, readings
from hes.domain.measurands import ValueType

QUARTERS = 96
Quantity = Callable[[int, str, int], int]  # (seed, serial, end) -> raw value

_SPREAD = {  # how far a period's extreme lies from its average, in thousandths
    ValueType.INSTANTANEOUS: 0,
    ValueType.AVERAGE: 0,
    ValueType.MINIMUM: -30,
    ValueType.MAXIMUM: 30,
}


def value(seed: int, serial: str, register: int, kind: int, end: int) -> int:
    """Raw value of `register` formed as `kind` (1 to 4) in the period that ends at `end`."""
    plain = QUANTITIES[register](seed, serial, end)
    return plain + plain * _SPREAD[ValueType(kind)] // 1000


def _energy(channel: int) -> Quantity:
    def quantity(seed: int, serial: str, end: int) -> int:
        return readings.register(seed, serial, channel, 0, end)

    return quantity


def _power(channel: int) -> Quantity:
    def quantity(seed: int, serial: str, end: int) -> int:
        return 4 * readings.load_profile(seed, serial, channel, end - end % readings.QUARTER)

    return quantity


def _around(name: str, middle: int, swing: int) -> Quantity:
    """Wanders by up to `swing` around `middle`, a new value every quarter."""

    def quantity(seed: int, serial: str, end: int) -> int:
        day, second = divmod(end, readings.DAY)
        octet = _day(seed, serial, name, day)[second // readings.QUARTER]
        return middle + (octet - 128) * swing // 128

    return quantity


@lru_cache(maxsize=4096)
def _day(seed: int, serial: str, name: str, day: int) -> bytes:
    return chance.octets(QUARTERS, seed, name, serial, day)


def _current(voltage: Quantity) -> Quantity:
    """Hundredths of an ampere: the (phase's share of the) active power over the voltage."""

    def quantity(seed: int, serial: str, end: int) -> int:
        phases = 3 if nameplate.is_poly(serial) else 1
        watts = _power(0)(seed, serial, end) // phases
        return 1000 * watts // voltage(seed, serial, end)

    return quantity


def _power_factor(seed: int, serial: str, end: int) -> int:
    """Thousandths: active over apparent power."""
    active, reactive = _power(0)(seed, serial, end), _power(1)(seed, serial, end)
    return 1000 * active // (isqrt(active * active + reactive * reactive) or 1)


_VOLTAGES = tuple(_around(f"voltage{phase}", 2200, 120) for phase in (1, 2, 3))
_CURRENTS = tuple(map(_current, _VOLTAGES))

QUANTITIES: dict[int, Quantity] = {
    0x01: _energy(0), 0x02: _energy(2), 0x03: _energy(1), 0x04: _energy(4),
    0x05: _energy(3), 0x06: _energy(5),
    0x07: _power(0), 0x08: _power(2), 0x09: _power(1), 0x0A: _power(4),
    0x0B: _power(3), 0x0C: _power(5),
    0x0D: _VOLTAGES[0], 0x12: _VOLTAGES[1], 0x13: _VOLTAGES[2],
    0x0E: _CURRENTS[0], 0x14: _CURRENTS[1], 0x15: _CURRENTS[2],
    0x0F: _power_factor, 0x16: _power_factor, 0x17: _power_factor, 0x18: _power_factor,
    0x10: _power(0), 0x11: _power(2),
    0x19: _around("angle1", 14, 4), 0x1A: _around("angle2", 14, 4), 0x1B: _around("angle3", 14, 4),
    0x1C: _around("angle", 14, 3), 0x1D: _around("frequency", 5000, 6),
    0x1E: _around("neutral", 40, 30), 0x1F: _around("neutral angle", 14, 4),
    0x20: _CURRENTS[0], 0x21: _CURRENTS[1], 0x22: _CURRENTS[2],
}  # fmt: skip
