"""Reconnections of one concentrator go a few a minute, so that its transformer can take them up.

Source: research/reliability-security 8.2 (load pick-up); 5 % of its meters, *proposed*. Pacing only
delays, for a minute at most at a time: it never holds, never lets an order expire, and the first
ones of a quiet concentrator go at once. Counted under the lane's lock, which the SENDING
transaction holds from its fence on: nobody else sends for this concentrator.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.backends.utils import CursorWrapper

from devices.parameters import Parameters
from workorders.activities.orders.registry import ACTIVITIES
from workorders.guard import Objection, Standing
from workorders.moves import move, note
from workorders.states import Cause

SPAN_SECONDS = 60.0

_METERS = """
SELECT count(*) FROM association WHERE concentrator_id = %s AND validity @> now()
"""
# The last but `limit` of the span: when it is over, one more may go. What was sent before (found
# undone) is not counted again, and what would expire meanwhile is not put off.
_WAIT = """
SELECT extract(epoch FROM s.sent_at - clock_timestamp()) + %(span)s
FROM work_order s JOIN work_order o ON o.id = %(order)s
WHERE s.concentrator_id = %(lane)s AND s.kind = ANY(%(kinds)s) AND o.sent_at IS NULL
    AND s.sent_at > clock_timestamp() - %(span)s * interval '1 second'
    AND s.sent_at <= clock_timestamp()
    AND o.expires_at > clock_timestamp() + %(span)s * interval '1 second'
ORDER BY s.sent_at DESC OFFSET %(limit)s - 1 LIMIT 1
"""
# Those behind it in the queue need not be tried in vain: each gets its minute.
_SPREAD = """
WITH waiting AS (
    SELECT id, clock_timestamp() + interval '1 second' * (%(pause)s
        + %(span)s * (row_number() OVER (ORDER BY priority DESC, id) / %(limit)s)) AS turn
    FROM work_order WHERE concentrator_id = %(lane)s AND state = 'queued'
        AND kind = ANY(%(kinds)s) AND sent_at IS NULL AND id <> %(order)s
        AND (not_before IS NULL OR not_before <= clock_timestamp()))
UPDATE work_order o SET not_before = w.turn FROM waiting w
WHERE o.id = w.id AND o.state = 'queued' AND o.expires_at > w.turn RETURNING o.id
"""


@dataclass(frozen=True, slots=True)
class Paced(Objection):
    """It goes in `pause` seconds; `limit` a minute is what this concentrator's load takes."""

    pause: float
    limit: int
    lane: int


def objection(
    cursor: CursorWrapper, order: int, standing: Standing, settings: Parameters
) -> Paced | None:
    """Whether a reconnection's turn comes later; asked after everything else."""
    share, lane = settings.number("pace_concentrator"), standing.concentrator
    if not share or not ACTIVITIES[standing.kind].paced:
        return None
    cursor.execute(_METERS, [lane])
    limit = max(cursor.fetchone()[0] * share // 100, settings.number("pace_floor"), 1)
    cursor.execute(_WAIT, _values(order, lane, limit))
    row = cursor.fetchone()
    text = f"at most {limit} reconnections of this concentrator a minute"
    return Paced(Cause.PACED, text, float(row[0]), limit, lane) if row else None


def put_off(
    cursor: CursorWrapper, where: str, ours: Mapping[str, Any], who: str, paced: Paced
) -> None:
    """The order, and those behind it, back into the queue until their minute; history says why."""
    text = f"[6.4] {paced.text}"
    values = _values(ours["order"], paced.lane, paced.limit) | {"pause": paced.pause}
    raw = ["not_before = clock_timestamp() + %(pause)s * interval '1 second'"]
    move(cursor, Cause.PACED, where, {**ours, **values}, who=who, text=text, raw=raw)
    cursor.execute(_SPREAD, values)
    note(cursor, [order for (order,) in cursor.fetchall()], Cause.PACED, who, text)


def _values(order: int, lane: int, limit: int) -> dict[str, Any]:
    kinds = [kind for kind, activity in ACTIVITIES.items() if activity.paced]
    return {"order": order, "lane": lane, "limit": limit, "kinds": kinds, "span": SPAN_SECONDS}
