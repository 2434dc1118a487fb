"""What one exchange with one meter says: whether it answers, and its alarm word (design 7)."""

from devices.drivers.base import Batch
from devices.fleet import Fleet
from devices.reachability import Outcome
from devices.recording.batches import record
from devices.recording.fence import Fence
from devices.recording.work import Work, recording
from hes.domain.records import AlarmWord


def record_exchange(fleet: Fleet, mac: bytes, made: bool, fence: Fence) -> None:
    """Count the meter's nrn: reached, or missed once more; a flip is an event."""
    meter = fleet.meters.get(mac)
    if meter is None:
        return
    with recording(fence) as (cursor, moment):
        work = Work(fleet, cursor, moment)
        work.statistics.contact(meter.id, Outcome.MADE if made else Outcome.MISSED)
        work.finish()


def record_alarm_word(
    fleet: Fleet, mac: bytes, word: int, at: int, offset: int, fence: Fence
) -> None:
    """Compare the word with the last stored one: edges make SWE lines."""
    said = AlarmWord(mac, None, at, offset, word)
    record(fleet, Batch((said,), frozenset({mac})), fence)
