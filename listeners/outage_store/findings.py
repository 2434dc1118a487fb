"""What the bellwethers answered: orders that ended become changes of power, and steps."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from listeners import power
from listeners.models import Finding, PowerSource
from listeners.outage_store.checks import KIND
from listeners.power import Change
from workorders.activities.orders.registry import ACTIVITIES

AT_ONCE = 1000

# A silent meter is a finding too: the order is done, with the code of silence.
_ENDED = f"""
SELECT k.id, k.company_id, k.outage_id, k.meter_id, extract(epoch FROM w.ended_at)::float8,
    CASE WHEN w.state <> 'done' THEN 'none' WHEN w.result_code = %s THEN 'silent'
         ELSE 'answered' END
FROM outage_check k JOIN work_order w ON w.id = k.order_id
WHERE k.finding = '' AND w.ended_at IS NOT NULL
ORDER BY k.id LIMIT {AT_ONCE} FOR UPDATE OF k SKIP LOCKED
"""
_NOTE = """
UPDATE outage_check k SET finding = given.finding, found_at = to_timestamp(given.at)
FROM unnest(%s::bigint[], %s::text[], %s::float8[]) AS given (id, finding, at)
WHERE k.id = given.id
"""
_STEP = """
INSERT INTO outage_step (outage_id, at, known_at, kind, customers_out, text)
SELECT id, to_timestamp(%s), now(), 'checked', customers_out, %s FROM outage WHERE id = %s
"""


class _Found(NamedTuple):
    check: int
    company_id: int
    outage: int | None
    meter_id: int
    at: float
    finding: str


def take() -> int:
    """Note how checks ended, and what that says of power; how many there were."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ENDED, [ACTIVITIES[KIND].ko_code])
        found = [_Found(*row) for row in cursor.fetchall()]
        if found:
            _note(cursor, found)
            power.record(cursor, filter(None, map(_change, found)))
            _steps(cursor, found)
    return len(found)


def _change(found: _Found) -> Change | None:
    """Silence says something only of a meter that was not dark before: see `checks`."""
    is_dark = found.finding == Finding.SILENT
    if found.finding == Finding.NONE or (is_dark and found.outage is not None):
        return None
    return Change(
        found.company_id, None, found.meter_id, is_dark, found.at, source=PowerSource.ORDER
    )


def _note(cursor: CursorWrapper, found: Iterable[_Found]) -> None:
    columns = zip(*[(one.check, one.finding, one.at) for one in found], strict=True)
    cursor.execute(_NOTE, [list(column) for column in columns])


def _steps(cursor: CursorWrapper, found: Iterable[_Found]) -> None:
    """One step of an outage for all that were found at once."""
    rounds: dict[int, list[_Found]] = defaultdict(list)
    for one in found:
        if one.outage is not None:
            rounds[one.outage].append(one)
    for outage, own in rounds.items():
        counts = Counter(one.finding for one in own)
        text = ", ".join(f"{counts[name]} {_WORDS[name]}" for name in Finding if counts[name])
        values: list[Any] = [max(one.at for one in own), f"bellwethers: {text}", outage]
        cursor.execute(_STEP, values)


_WORDS = {
    Finding.ANSWERED: "answered",
    Finding.SILENT: "silent",
    Finding.NONE: "could not be asked",
}
