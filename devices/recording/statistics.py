"""The newest instants and the nrn of meters: one UPDATE per transaction (design D9)."""

from collections import defaultdict

from django.db.backends.utils import CursorWrapper

from devices.reachability import Outcome, assignments
from hes.lib.arrays import numbers

# A nested loop visits, and so locks, the rows in the order of the sorted sub-select: two writers of
# the same meters wait for each other instead of deadlocking. A merge join would keep the order too,
# but read and sort the whole table for a batch of a few thousand meters.
_UPDATE = """
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
WITH changed AS (
    UPDATE meter_statistics AS known
       SET {newest}
           last_contact = CASE said.outcome WHEN {made} THEN statement_timestamp()
                                            ELSE known.last_contact END,
           {nrn}
      FROM (SELECT * FROM unnest({arrays}) AS given (meter_id, outcome{columns})
             ORDER BY meter_id OFFSET 0) AS said
     WHERE known.meter_id = said.meter_id
    RETURNING known.meter_id, known.flipped)
SELECT meter_id, flipped FROM changed WHERE flipped <> 0 ORDER BY meter_id
"""


class Statistics:
    """Collects what one transaction learns of each meter."""

    def __init__(self) -> None:
        self._newest: dict[int, dict[str, int]] = defaultdict(dict)
        self._outcome: dict[int, Outcome] = {}

    def newest(self, meter_id: int, column: str, at: int) -> None:
        """Data of a kind reaches up to `at` (UTC epoch seconds); `column` is its field."""
        own = self._newest[meter_id]
        if own.get(column, 0) < at:
            own[column] = at

    def contact(self, meter_id: int, outcome: Outcome) -> None:
        """The meter was reached or missed."""
        self._outcome[meter_id] = outcome

    def apply(self, cursor: CursorWrapper, maximum: int) -> dict[int, int]:
        """Write everything; the meters whose reachability flipped: 1 came back, -1 lost."""
        meters = sorted(self._newest.keys() | self._outcome.keys())
        if not meters:
            return {}
        columns = sorted({column for own in self._newest.values() for column in own})
        arrays = [numbers(meters), numbers([self._outcome.get(meter) for meter in meters])]
        for column in columns:
            arrays.append(numbers([self._newest[meter].get(column) for meter in meters]))
        cursor.execute(_statement(columns, maximum), arrays)
        return dict(cursor.fetchall())


def _statement(columns: list[str], maximum: int) -> str:
    return _UPDATE.format(
        newest="".join(
            f"{column} = GREATEST(known.{column}, to_timestamp(said.{column})), "
            for column in columns
        ),
        made=int(Outcome.MADE),
        nrn=assignments("known", "said.outcome", str(maximum)),
        arrays=", ".join(["%s::bigint[]", "%s::smallint[]"] + ["%s::bigint[]"] * len(columns)),
        columns="".join(f", {column}" for column in columns),
    )
