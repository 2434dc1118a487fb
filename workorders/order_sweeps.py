"""What time and death do to orders: expiry, and orders of workers that are gone (design D13)."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction

from workorders import lanes, order_lanes, service
from workorders.activities.orders.base import Result
from workorders.activities.orders.registry import ACTIVITIES
from workorders.lanes import Claim
from workorders.moves import end, move
from workorders.states import Cause

AT_ONCE = 1000
WHO = "sweep"

_EXPIRED = f"""
SELECT o.id, o.kind, o.concentrator_id, {service.REASON}
FROM work_order o LEFT JOIN concentrator c ON c.id = o.concentrator_id
WHERE o.state IN ('held', 'queued') AND o.expires_at <= %s ORDER BY o.expires_at LIMIT %s
"""
# A lane that another incarnation, another token or nobody holds; or whose lease is over.
_ORPHAN = """o.concentrator_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM lane l JOIN worker w ON w.id = l.owner_id
    WHERE l.concentrator_id = o.concentrator_id AND l.owner_id = o.worker_id
        AND l.token = o.token AND w.stopped_at IS NULL
        AND w.lease_until > least(%(now)s::timestamptz, clock_timestamp()))"""
_ORPHANS = f"""
SELECT o.id, o.concentrator_id FROM work_order o
WHERE o.state IN ('leased', 'sending') AND {_ORPHAN} ORDER BY o.id LIMIT {AT_ONCE}
"""
_THESE = "o.id = ANY(%(orders)s)"
_ONE_TRY = f"o.concentrator_id = %(lane)s AND o.bypass_retry AND {order_lanes.SENDABLE}"
_KINDS = "SELECT kind, array_agg(id) FROM work_order WHERE id = ANY(%s) GROUP BY kind"


def expire(now: datetime) -> int:
    """End what waited too long, at most 1,000 at once; returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_EXPIRED, [now, AT_ONCE])
        alike: dict[tuple[str, str], list[int]] = {}
        touched: set[int] = set()
        for order, kind, lane, reason in cursor.fetchall():
            alike.setdefault((kind, reason), []).append(order)
            touched.add(lane)
        if not touched:
            return 0
        lanes.hold(cursor, sorted(touched))
        ended = 0
        for (kind, reason), orders in alike.items():
            code = ACTIVITIES[kind].ko_code if kind in ACTIVITIES else ""
            result = Result(False, code, _expired(reason))
            where = f"{_THESE} AND o.state IN ('held', 'queued')"
            ended += len(end(cursor, Cause.EXPIRED, where, {"orders": orders}, result, who=WHO))
        lanes.tell(cursor, sorted(touched))
    return ended


def _expired(reason: str) -> str:
    text = "expired before it was sent"
    return f"{text}: {reason}" if reason else text


def recover_dead(now: datetime) -> int:
    """Orders of visits that are over: taken ones are queued again, sent ones become UNKNOWN.

    The database clock decides whose lease is over; a `now` behind it only waits longer.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        values: dict[str, Any] = {"now": now}
        cursor.execute(_ORPHANS, values)
        found = cursor.fetchall()
        if not found:
            return 0
        touched = sorted({lane for _, lane in found})
        lanes.hold(cursor, touched)
        where = f"{_THESE} AND {_ORPHAN}"
        values["orders"] = [order for order, _ in found]
        text = "the worker is gone"
        back = move(cursor, Cause.GIVEN_BACK, where, values, who=WHO, text=text)
        raw = ["not_before = NULL"]
        unknown = move(cursor, Cause.LOST, where, values, who=WHO, text=text, raw=raw)
        lanes.tell(cursor, touched)
    return len(back) + len(unknown)


def fail_unreachable(claim: Claim, text: str) -> int:
    """End the orders of a lane that bypass retries: their only try met nobody; returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        lanes.fence(claim)(cursor)
        values = {"lane": claim.concentrator, "harmless": order_lanes.harmless_kinds()}
        who = f"worker:{claim.worker}"
        taken = move(cursor, Cause.CLAIMED, _ONE_TRY, values, who=who)
        cursor.execute(_KINDS, [[one.order for one in taken]])
        ended = 0
        for kind, found in cursor.fetchall():
            result = Result(False, ACTIVITIES[kind].ko_code, text)
            ended += len(end(cursor, Cause.DENIED, _THESE, {"orders": found}, result, who=who))
    return ended
