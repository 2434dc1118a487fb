"""What a concentrator collects of a meter (its *entry*), until the head-end writes another one.

The defaults equal the default profiles of a new company (`devices.defaults`), so that a fleet
delivers exactly what is asked for. Period 15 and 60 minutes: D1; the rest *assumed*.
"""

from dataclasses import dataclass

from devices.simulator import nameplate

AVERAGE, INSTANTANEOUS = 2, 1
CURRENT_DATA, VARIATION, INTERRUPTION, EVENTS = 1, 2, 4, 8  # flags (companion profile 3.4)


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurand: register code, value kind 1 to 4, period in minutes."""

    register: int
    kind: int
    period: int


@dataclass(frozen=True, slots=True)
class MeterEntry:
    """Energies by channel position (order of hes.domain.energies), profile period in minutes."""

    closure: tuple[int, ...]
    profile: tuple[int, ...]
    period: int
    measurands: tuple[Measured, ...]
    flags: int = CURRENT_DATA | VARIATION | INTERRUPTION | EVENTS


_MEASURANDS = (Measured(0x07, INSTANTANEOUS, 60), Measured(0x0D, AVERAGE, 60))
MONO = MeterEntry((0, 1), (0, 1), 15, _MEASURANDS)
POLY = MeterEntry((0, 1, 2, 3), (0, 1, 2, 3), 15, _MEASURANDS)


def default_entry(serial: str) -> MeterEntry:
    """Energies 02, 04; with three phases also 08, 10, which stay at 0 unless the meter injects."""
    return POLY if nameplate.is_poly(serial) else MONO
