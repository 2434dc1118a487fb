"""T6: last interruption counters per meter and phase; for the report only (export contract)."""

from collections.abc import Iterable

from psycopg2.extras import execute_values

from devices.recording.work import Work
from hes.domain.records import InterruptionCounters

_STORE = """
INSERT INTO last_interruption AS known (meter_id, phase, previous_period, at, thvi, tsi, tli,
                                        nshv, nav, nlov, tshv, updated_at)
VALUES %s
    ON CONFLICT (meter_id, phase, previous_period) DO UPDATE
   SET at = excluded.at, thvi = excluded.thvi, tsi = excluded.tsi, tli = excluded.tli,
       nshv = excluded.nshv, nav = excluded.nav, nlov = excluded.nlov, tshv = excluded.tshv,
       updated_at = excluded.updated_at
 WHERE known.at < excluded.at
"""
_ROW = "(%s, %s, %s, to_timestamp(%s)" + ", %s" * 7 + ", statement_timestamp())"


def record(work: Work, counters: Iterable[InterruptionCounters]) -> None:
    """Keep the newest counters of each meter, phase and period."""
    rows = {
        (meter.id, said.phase, said.previous_period): (
            *(said.at, said.thvi, said.tsi, said.tli),
            *(said.nshv, said.nav, said.nlov, said.tshv),
        )
        for meter, said in sorted(work.assigned(counters), key=lambda pair: pair[1].at)
    }
    if rows:
        ordered = [key + row for key, row in sorted(rows.items())]
        execute_values(work.cursor.cursor, _STORE, ordered, template=_ROW, page_size=len(ordered))
