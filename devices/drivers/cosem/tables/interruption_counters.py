"""T6: interruption counters per phase and period, newest per meter."""

from devices.drivers.cosem.tables.rows import row_table
from devices.protocol.tables import VOLTAGE_INTERRUPTION
from hes.domain.records import InterruptionCounters

PREVIOUS = 1


def _counters(
    cycle: int, mac: bytes, moment: tuple[int, int], thvi: int, tsi: int, tli: int,
    phase: int, which: int, nshv: int, nav: int, nlov: int, tshv: int,
) -> InterruptionCounters:  # fmt: skip
    return InterruptionCounters(
        mac, cycle, *moment, thvi, tsi, tli, phase, which == PREVIOUS, nshv, nav, nlov, tshv
    )


READER = row_table(VOLTAGE_INTERRUPTION, _counters)
