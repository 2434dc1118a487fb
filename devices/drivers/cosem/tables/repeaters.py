"""T9: how each meter is reached over the power line."""

from devices.drivers.cosem.tables.rows import Moment, row_table
from devices.protocol.tables import REPEATER_TABLE
from devices.protocol.tables.repeaters import REPEATERS, UPDATED
from hes.domain.records import Repeater


def _repeater(
    mac: bytes, row: int, level: int,
    first: bytes | None, second: bytes | None, third: bytes | None,
    quality: int, updated: Moment | None,
) -> Repeater:  # fmt: skip
    path = first, second, third
    return Repeater(mac, row, level, path, quality, updated and updated[0])


READER = row_table(REPEATER_TABLE, _repeater, optional=(*REPEATERS, UPDATED))
