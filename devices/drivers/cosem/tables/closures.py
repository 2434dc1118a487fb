"""T1: registers at the local day change."""

from devices.drivers.cosem.tables.rows import row_table
from devices.protocol.tables import DAILY_CLOSURE
from hes.domain.records import DailyClosure


def _closure(
    cycle: int, mac: bytes, moment: tuple[int, int], energy: int, total: int,
    t1: int, t2: int, t3: int, t4: int, t5: int, t6: int,
) -> DailyClosure:  # fmt: skip
    return DailyClosure(mac, cycle, energy, *moment, total, (t1, t2, t3, t4, t5, t6))


READER = row_table(DAILY_CLOSURE, _closure)
