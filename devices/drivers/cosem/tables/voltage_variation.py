"""T5: weekly voltage quality."""

from devices.drivers.cosem.tables.rows import row_table
from devices.protocol.tables import VOLTAGE_VARIATION
from hes.domain.records import VoltageVariation


def _variation(
    cycle: int, mac: bytes, moment: tuple[int, int], low: int, high: int, ko: int, ok: int
) -> VoltageVariation:
    return VoltageVariation(mac, cycle, *moment, low, high, ko, ok)


READER = row_table(VOLTAGE_VARIATION, _variation)
