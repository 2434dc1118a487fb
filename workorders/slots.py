"""Due collections: planned from procedure profiles, taken by a visit, closed one by one.

A slot is unique by (endpoint, activity, UTC time), so any number of planners may run at once.
Instants of a procedure item: every `period` minutes since 1970 UTC, shifted by `offset` and by the
concentrator's own place in `spread` - the same for all its items, so that they share visits.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices.drivers.base import Period
from workorders import lanes, service

LOOK_BACK = timedelta(hours=24)

# 2654435761 / 2^32 is the golden ratio: neighbouring ids land far apart, evenly over the spread.
_PLAN = f"""
WITH made AS (
    INSERT INTO slot (concentrator_id, activity, due)
    SELECT c.id, i.activity, at.due
    FROM concentrator c
    JOIN lane l ON l.concentrator_id = c.id
    JOIN procedure_item i ON i.profile_id = c.procedure_profile_id
    CROSS JOIN LATERAL (SELECT i.period * 60::bigint AS period,
        i.offset * 60::bigint + c.id * 2654435761 %% greatest(i.spread * 60::bigint, 1) AS shift
    ) s
    CROSS JOIN LATERAL generate_series(
        floor((%(first)s - s.shift) / s.period)::bigint + 1,
        floor((%(last)s - s.shift) / s.period)::bigint) AS k
    CROSS JOIN LATERAL (SELECT to_timestamp(k * s.period + s.shift) AS due) at
    WHERE {service.COLLECTED}
        AND (c.scheduled_from IS NULL OR at.due >= c.scheduled_from)
    ORDER BY at.due, c.id, i.activity
    ON CONFLICT DO NOTHING RETURNING concentrator_id, due),
"""
_REQUEST = """
WITH made AS (
    INSERT INTO slot (concentrator_id, activity, due, window_first, window_last)
    SELECT c.id, activity, %(due)s, %(first)s, %(last)s
    FROM unnest(%(concentrators)s::bigint[]) AS c(id)
    CROSS JOIN unnest(%(activities)s::varchar[]) AS activity
    ORDER BY c.id, activity
    ON CONFLICT DO NOTHING RETURNING concentrator_id, due),
"""
_TELL_LANES = """
earliest AS (SELECT concentrator_id, min(due) AS due FROM made GROUP BY concentrator_id),
held AS (SELECT concentrator_id, e.due FROM lane l JOIN earliest e USING (concentrator_id)
    ORDER BY concentrator_id FOR NO KEY UPDATE OF l),
told AS (UPDATE lane l SET next_due = least(l.next_due, held.due)
    FROM held WHERE l.concentrator_id = held.concentrator_id)
SELECT count(*) FROM made
"""

# `taking` pairs each lane with the visit that now owns it.
_TAKING = f"""(SELECT t.* FROM unnest(%(lanes)s::bigint[], %(visits)s::bigint[]) AS t(lane, visit)
    JOIN concentrator c ON c.id = t.lane AND {service.SCHEDULED}) AS taking"""
_MERGE = f"""
UPDATE slot s SET state = 'merged', closed_at = clock_timestamp(), visit_id = n.visit
FROM (SELECT concentrator_id, activity, visit, max(due) AS newest
      FROM slot JOIN {_TAKING} ON lane = concentrator_id
      WHERE state = 'due' AND window_first IS NULL AND due <= clock_timestamp()
      GROUP BY concentrator_id, activity, visit) n
WHERE s.concentrator_id = n.concentrator_id AND s.activity = n.activity AND s.state = 'due'
    AND s.window_first IS NULL AND s.due < n.newest AND s.visit_id IS DISTINCT FROM n.visit
"""
_TAKE = f"""
UPDATE slot s SET visit_id = taking.visit FROM {_TAKING}
WHERE s.concentrator_id = taking.lane AND s.state = 'due' AND s.due <= clock_timestamp()
    AND s.visit_id IS DISTINCT FROM taking.visit
RETURNING s.concentrator_id, s.activity, s.due, s.window_first, s.window_last
"""
_DONE = """
UPDATE slot SET state = 'done', closed_at = clock_timestamp(), visit_id = %s,
    attempts = attempts + 1, error = ''
WHERE due = %s AND concentrator_id = %s AND activity = %s AND state = 'due'
"""
_FAIL = """
UPDATE slot s SET attempts = s.attempts + 1, error = t.error, visit_id = %(visit)s,
    state = CASE WHEN t.final OR s.attempts + 1 >= %(limit)s THEN 'failed' ELSE 'due' END,
    closed_at = CASE WHEN t.final OR s.attempts + 1 >= %(limit)s THEN clock_timestamp() END
FROM unnest(%(dues)s::timestamptz[], %(activities)s::varchar[], %(errors)s::varchar[],
    %(finals)s::boolean[]) AS t(due, activity, error, final)
WHERE s.due = t.due AND s.activity = t.activity AND s.concentrator_id = %(lane)s
    AND s.state = 'due'
"""

_OPEN = f"""
SELECT count(*) FROM slot s JOIN concentrator c ON c.id = s.concentrator_id
WHERE s.state = 'due' AND s.due <= clock_timestamp()
    AND {service.COLLECTED}
"""


@dataclass(frozen=True, slots=True)
class DueSlot:
    """A slot taken into a visit."""

    concentrator: int
    activity: str
    due: datetime
    window: Period | None


@dataclass(frozen=True, slots=True)
class FailedSlot:
    """A slot that was tried in vain; `final`: it is not tried again."""

    slot: DueSlot
    error: str
    final: bool


def plan(now: datetime, back: timedelta = LOOK_BACK) -> int:
    """Make the slots due in (now - back, now] and the lanes that lack; returns new slots.

    One set-based statement; repeating it, or two planners at once, makes nothing twice.
    """
    values = {"first": (now - back).timestamp(), "last": now.timestamp()}
    with transaction.atomic():
        lanes.ensure()
        return _count(_PLAN + _TELL_LANES, values)


def request(
    concentrators: Iterable[int], activities: Iterable[str], window: Period | None, due: datetime
) -> int:
    """One slot per concentrator and activity, once; returns how many are new.

    With a `window` (UTC epoch seconds, both included; a whole local day is begin + 1 to end) the
    rows of that time are read, else the new cycles.
    """
    values: dict[str, Any] = {
        "concentrators": list(concentrators),
        "activities": list(activities),
        "due": due,
        "first": window.first if window else None,
        "last": window.last if window else None,
    }
    with transaction.atomic():
        lanes.ensure()
        return _count(_REQUEST + _TELL_LANES, values)


def _count(statement: str, values: Mapping[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.fetchone()[0])


def take(cursor: CursorWrapper, visits: Mapping[int, int]) -> list[DueSlot]:
    """Take what is due on lanes (keys) into their visits (values), each slot once per visit.

    Of several due slots of one activity the newest runs, the others close as MERGED. A slot with
    a window has rows of its own to bring and is never merged. The caller holds the lanes.
    """
    taking = {"lanes": list(visits), "visits": list(visits.values())}
    cursor.execute(_MERGE, taking)
    cursor.execute(_TAKE, taking)
    return [DueSlot(lane, activity, due, _window(*ends)) for lane, activity, due, *ends in cursor]


def _window(first: int | None, last: int | None) -> Period | None:
    return None if first is None or last is None else Period(first, last)


def closing(slot: DueSlot, visit: int) -> Callable[[CursorWrapper], None]:
    """Closes the slot as DONE inside the transaction that records its last batch."""

    def close(cursor: CursorWrapper) -> None:
        cursor.execute(_DONE, [visit, slot.due, slot.concentrator, slot.activity])

    return close


def fail(
    cursor: CursorWrapper, lane: int, visit: int, failed: Sequence[FailedSlot], attempts: int
) -> None:
    """Count an attempt of each slot; the last attempt, or a final error, closes it as FAILED."""
    if not failed:
        return
    cursor.execute(
        _FAIL,
        {
            "lane": lane,
            "visit": visit,
            "limit": attempts,
            "dues": [item.slot.due for item in failed],
            "activities": [item.slot.activity for item in failed],
            "errors": [item.error[:200] for item in failed],
            "finals": [item.final for item in failed],
        },
    )


def open_count() -> int:
    """How many slots are due now on lanes that may be visited."""
    with connection.cursor() as cursor:
        cursor.execute(_OPEN)
        return int(cursor.fetchone()[0])
