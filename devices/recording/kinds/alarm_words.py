"""Meter status words: edges against the last stored word -> SWE lines (design 7)."""

from collections.abc import Iterable, Iterator
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import NamedTuple

from devices.fleet import MeterRef
from devices.recording.work import Work
from hes.domain.alarms import edges
from hes.domain.events import EventKind
from hes.domain.records import AlarmWord, CurrentData
from hes.lib.arrays import numbers


class _Word(NamedTuple):
    meter: MeterRef
    at: int
    word: int


# The row is locked before it is compared, and `changed` is computed in the same statement: of two
# writers of one word only the first sees edges. Older words than the stored one count for nothing.
_UPDATE = """
INSERT INTO last_alarm_word AS known (meter_id, word, changed, at)
SELECT meter_id, word, word, to_timestamp(at)
  FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS said (meter_id, word, at)
 ORDER BY meter_id
    ON CONFLICT (meter_id) DO UPDATE
   SET word = excluded.word, changed = known.word # excluded.word, at = excluded.at
 WHERE known.at < excluded.at
RETURNING meter_id, word, changed
"""


def record(work: Work, records: Iterable[AlarmWord | CurrentData]) -> None:
    """Turn every changed alarm into an event, words of one meter in the order of their stamps.

    A word stamped ahead of us counts as of now, or a wrong clock would silence its meter.
    """
    words = [
        _Word(meter, min(said.at, work.now), _word(said)) for meter, said in work.assigned(records)
    ]
    for one_each in _rounds(words):
        _compare(work, one_each)


def _word(record: AlarmWord | CurrentData) -> int:
    return record.word if isinstance(record, AlarmWord) else record.alarm_word


def _rounds(words: list[_Word]) -> Iterator[list[_Word]]:
    """The first word of every meter, then the second, and so on."""
    ordered = sorted(words, key=lambda said: (said.meter.id, said.at))
    own = [list(group) for _, group in groupby(ordered, key=lambda said: said.meter.id)]
    for nth in zip_longest(*own):
        yield [said for said in nth if said is not None]


def _compare(work: Work, words: list[_Word]) -> None:
    meters = {said.meter.id: said for said in words}
    arrays = [
        numbers(meters),
        numbers([said.word for said in words]),
        numbers([said.at for said in words]),
    ]
    work.cursor.execute(_UPDATE, arrays)
    for meter_id, word, changed in sorted(work.cursor.fetchall(), key=itemgetter(0)):
        meter, at, _ = meters[meter_id]
        for alarm, is_active in edges(word ^ changed, word):
            event = work.event(
                EventKind.METER_ALARM, meter, alarm=alarm, is_active=is_active, device_at=at
            )
            work.events.append(event)
