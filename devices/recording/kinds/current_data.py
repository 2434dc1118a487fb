"""T4, CEData: current registers and credit -> last reading, R and PP lines, alarm edges.

R and PP are answers, unique by cycle: a reading that is not newer than the stored one makes no
line, so a collection repeated after a crash adds nothing.
"""

from collections.abc import Iterable

from psycopg2.extras import execute_values

from devices.fleet import MeterRef
from devices.outbox.layouts import PREPAID_CREDIT, register_line, sample_line
from devices.recording.kinds import alarm_words
from devices.recording.work import Work
from hes.domain.energies import ENERGIES
from hes.domain.records import CurrentData
from hes.domain.time import local_stamp, slot_of

_ACTIVE_FORWARD = ENERGIES[0]

_STORE = """
INSERT INTO last_reading AS known (meter_id, at, total, t1, t2, t3, t4, t5, t6, credit,
                                   currency_credit, last_transaction, flags, updated_at)
VALUES %s
    ON CONFLICT (meter_id) DO UPDATE
   SET at = excluded.at, total = excluded.total, t1 = excluded.t1, t2 = excluded.t2,
       t3 = excluded.t3, t4 = excluded.t4, t5 = excluded.t5, t6 = excluded.t6,
       credit = excluded.credit, currency_credit = excluded.currency_credit,
       last_transaction = excluded.last_transaction, flags = excluded.flags,
       updated_at = excluded.updated_at
 WHERE known.at < excluded.at
RETURNING meter_id
"""
_ROW = "(%s, to_timestamp(%s)" + ", %s" * 11 + ", statement_timestamp())"


def record(work: Work, readings: Iterable[CurrentData]) -> None:
    """Store the newest reading of each meter; newer than the stored one, it also leaves."""
    readings = list(readings)
    newest = {
        meter.id: (meter, said)
        for meter, said in sorted(work.assigned(readings), key=lambda pair: pair[1].at)
        if work.is_timely(slot_of(said.at)[0])
    }
    if newest:
        for meter_id in _store(work, newest):
            _leave(work, *newest[meter_id])
    alarm_words.record(work, readings)


def _store(work: Work, newest: dict[int, tuple[MeterRef, CurrentData]]) -> list[int]:
    rows = [
        (
            *(meter_id, said.at, said.total, *said.tariffs),
            *(said.credit, said.currency_credit, said.last_transaction, said.flags),
        )
        for meter_id, (_, said) in sorted(newest.items())
    ]
    newer = execute_values(
        work.cursor.cursor, _STORE, rows, template=_ROW, page_size=len(rows), fetch=True
    )
    return sorted(meter_id for (meter_id,) in newer)


def _leave(work: Work, meter: MeterRef, said: CurrentData) -> None:
    work.statistics.newest(meter.id, "last_current_data", said.at)
    stamp = local_stamp(said.at, said.offset)
    energy_type = _ACTIVE_FORWARD.current_type or 0
    line = register_line(meter.serial, said.tariffs, said.total, energy_type, stamp)
    work.add_lines("R", said.offset, meter, line)
    if said.credit is not None:
        pod, _ = meter.pod_at(said.at)
        line = sample_line(meter.serial, pod, str(said.credit), PREPAID_CREDIT, stamp)
        work.add_lines("PP", said.offset, meter, line)
