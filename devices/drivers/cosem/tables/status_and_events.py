"""T7: one table, three kinds of record, told apart by the source column."""

from devices.drivers.cosem.tables.rows import row_table
from devices.protocol.errors import GarbledError
from devices.protocol.tables import EVENTS
from hes.domain.records import AlarmWord, InterruptionEnded, MeterEvent

ALARM_WORD, EVENT_LOG, INTERRUPTION = 1, 2, 3


def _entry(
    cycle: int, mac: bytes, moment: tuple[int, int], source: int, code: int, word: int
) -> AlarmWord | MeterEvent | InterruptionEnded:
    if source == ALARM_WORD:
        return AlarmWord(mac, cycle, *moment, word)
    if source == EVENT_LOG:
        return MeterEvent(mac, cycle, *moment, code, word)
    if source == INTERRUPTION:
        return InterruptionEnded(mac, cycle, *moment, code, word)
    raise GarbledError(f"status words and events: source {source}")


READER = row_table(EVENTS, _entry)
