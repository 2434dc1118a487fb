"""Who may visit an endpoint: claims, fences, take-over and release of lanes (design D4).

A lane belongs to a living worker. Every claim raises its token, and every transaction of a visit
begins with `fence`, so a worker that lost its lane records nothing more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices.recording.fence import Fence, LeaseLost
from workorders import order_lanes, service
from workorders.backoff import Verdict

_ENSURE = f"""
INSERT INTO lane (concentrator_id)
SELECT id FROM concentrator c WHERE {service.COLLECTED} ORDER BY id ON CONFLICT DO NOTHING
"""

# Orders are what somebody waits for; a lane may be due for them later than for its collections.
_DUE = {False: "next_due", True: "orders_due"}
_CLAIM = f"""
WITH free AS (
    SELECT l.concentrator_id, c.company_id, c.serial_number, c.host, c.port, c.driver,
        coalesce(s.time_zone, o.time_zone) AS zone, c.system_title
    FROM lane l JOIN concentrator c ON c.id = l.concentrator_id
        JOIN company o ON o.id = c.company_id LEFT JOIN substation s ON s.id = c.substation_id
    WHERE l.owner_id IS NULL AND l.{{due}} <= clock_timestamp()
        AND (l.not_before IS NULL OR l.not_before <= clock_timestamp())
        AND {service.VISITED}
        AND EXISTS (SELECT FROM worker w WHERE w.id = %(worker)s AND w.stopped_at IS NULL
            AND w.lease_until > clock_timestamp())
    ORDER BY l.best_priority DESC, l.{{due}}
    LIMIT %(limit)s FOR NO KEY UPDATE OF l SKIP LOCKED)
UPDATE lane l SET owner_id = %(worker)s, token = l.token + 1, taken_at = clock_timestamp()
FROM free WHERE l.concentrator_id = free.concentrator_id
RETURNING l.concentrator_id, l.token, l.failures,
    coalesce(l.taken_over_at > clock_timestamp() - interval '2 minutes', false),
    free.company_id, free.serial_number, free.host, free.port, free.driver,
    free.zone, free.system_title, coalesce(l.orders_due <= clock_timestamp(), false)
"""
_OWN = """
SELECT concentrator_id FROM lane WHERE owner_id = %s AND orders_due <= clock_timestamp()
"""
_CALLED = f"""
SELECT l.concentrator_id FROM lane l
WHERE l.concentrator_id = ANY(%(lanes)s::bigint[]) AND {order_lanes.WAITS}
"""

_FENCE = """
SELECT 1 FROM lane l JOIN worker w ON w.id = l.owner_id
WHERE l.concentrator_id = %s AND l.owner_id = %s AND l.token = %s AND w.stopped_at IS NULL
FOR NO KEY UPDATE OF l
"""
# After the row is ours: the lease is judged at the latest possible moment.
_ALIVE = "SELECT lease_until > clock_timestamp() FROM worker WHERE id = %s"

_FREE_DEAD = """
WITH dead AS (
    SELECT l.concentrator_id, l.owner_id FROM lane l JOIN worker w ON w.id = l.owner_id
    WHERE w.lease_until < clock_timestamp() ORDER BY l.concentrator_id
    FOR NO KEY UPDATE OF l SKIP LOCKED)
UPDATE lane l SET owner_id = NULL, taken_at = NULL, taken_over_at = clock_timestamp()
FROM dead WHERE l.concentrator_id = dead.concentrator_id
RETURNING l.concentrator_id, dead.owner_id
"""

_ORDERS = f"""(SELECT l.concentrator_id, {order_lanes.DUE} AS due, {order_lanes.BEST} AS best
    FROM lane l WHERE l.concentrator_id = ANY(%(lanes)s::bigint[])) AS orders"""
_RELEASE = f"""
UPDATE lane l SET owner_id = NULL, taken_at = NULL, failures = %(failures)s,
    best_priority = orders.best, orders_due = orders.due,
    not_before = CASE WHEN %(pause)s > 0
        THEN clock_timestamp() + %(pause)s * interval '1 second' END,
    next_due = least(orders.due, (SELECT min(due) FROM slot
        JOIN concentrator c ON c.id = slot.concentrator_id AND {service.SCHEDULED}
        WHERE slot.concentrator_id = l.concentrator_id AND slot.state = 'due'))
FROM {_ORDERS} WHERE l.concentrator_id = orders.concentrator_id
"""

_HURRY = """
UPDATE lane SET not_before = NULL FROM (SELECT concentrator_id FROM lane
    WHERE concentrator_id = ANY(%s) AND owner_id IS NULL AND not_before > clock_timestamp()
        AND least(next_due, orders_due) <= clock_timestamp()
    ORDER BY concentrator_id FOR NO KEY UPDATE SKIP LOCKED) AS waiting
WHERE lane.concentrator_id = waiting.concentrator_id
"""
_ENSURE_THESE = """
INSERT INTO lane (concentrator_id) SELECT id FROM concentrator WHERE id = ANY(%s)
ORDER BY id ON CONFLICT DO NOTHING
"""
_HOLD = """
SELECT FROM lane WHERE concentrator_id = ANY(%s) ORDER BY concentrator_id FOR NO KEY UPDATE
"""
_TELL = f"""
UPDATE lane l SET next_due = least(l.next_due, orders.due), orders_due = orders.due,
    best_priority = greatest(l.best_priority, orders.best),
    not_before = CASE WHEN NOT l.concentrator_id = ANY(%(at_once)s::bigint[]) THEN not_before END
FROM {_ORDERS} WHERE l.concentrator_id = orders.concentrator_id
"""

_GIVE_UP = """
UPDATE lane SET owner_id = NULL, taken_at = NULL
WHERE owner_id = %s AND NOT concentrator_id = ANY(%s::bigint[])
"""

_ABANDON_VISITS = """
UPDATE visit SET ended_at = clock_timestamp(), outcome = 'abandoned'
WHERE ended_at IS NULL AND started_at > clock_timestamp() - interval '2 days'
    AND (concentrator_id, worker_id) IN (SELECT * FROM unnest(%s::bigint[], %s::bigint[]))
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """One lane owned by one worker under one token, and the endpoint behind it.

    `for_orders`: some were due when it was claimed.
    """

    concentrator: int
    worker: int
    token: int
    failures: int
    was_taken_over: bool  # within the last 2 minutes: our own crash must not count as theirs
    company: int
    serial: str
    host: str
    port: int
    driver: str
    zone: str
    system_title: bytes | None
    for_orders: bool


def ensure() -> int:
    """Make the lanes of concentrators that can be visited; returns how many were made."""
    with connection.cursor() as cursor:
        cursor.execute(_ENSURE)
        return int(cursor.rowcount)


def claim(cursor: CursorWrapper, worker: int, limit: int, orders_only: bool) -> list[Claim]:
    """Own up to `limit` free lanes with due work, most urgent first; none if the worker is dead."""
    cursor.execute(_CLAIM.format(due=_DUE[orders_only]), {"worker": worker, "limit": limit})
    return [_claim(worker, row) for row in cursor.fetchall()]


def _claim(worker: int, row: Sequence[Any]) -> Claim:
    lane, *values, title, for_orders = row
    known = [lane, worker, *values, bytes(title) if title else None, for_orders]
    return Claim(*known)


def called(worker: int) -> list[int]:
    """The lanes of a worker on which orders wait to be taken; one cheap look where there is none.

    What a visit has taken since it began does not wait, though its lane was due for it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OWN, [worker])
        if not (told := [lane for (lane,) in cursor.fetchall()]):
            return []
        cursor.execute(_CALLED, _of_orders(told))
        return [lane for (lane,) in cursor.fetchall()]


def fence(held: Claim) -> Fence:
    """The first statement of every transaction of a visit: raises LeaseLost unless still ours.

    The lane stays locked until the transaction ends, so it cannot be taken over before the commit.
    """

    def check(cursor: CursorWrapper) -> None:
        cursor.execute(_FENCE, [held.concentrator, held.worker, held.token])
        if cursor.fetchone() is None:
            raise LeaseLost(f"lane {held.concentrator} is no longer held by {held.worker}")
        cursor.execute(_ALIVE, [held.worker])
        if not cursor.fetchone()[0]:
            raise LeaseLost(f"the lease of worker {held.worker} has ended")

    return check


def hurry(cursor: CursorWrapper, concentrators: Sequence[int]) -> int:
    """Lanes with work that waits for its back-off alone are free at once; returns how many.

    A lane that is in use just now is left alone: its visit takes what is due.
    """
    cursor.execute(_HURRY, [list(concentrators)])
    return int(cursor.rowcount)


def free_dead() -> int:
    """Free the lanes of workers whose lease ended; returns how many. Their visits are abandoned."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FREE_DEAD)
        freed = cursor.fetchall()
        if freed:
            cursor.execute(_ABANDON_VISITS, [list(column) for column in zip(*freed, strict=True)])
        return len(freed)


def give_up_unknown(worker: int, known: Sequence[int]) -> int:
    """Free our own lanes that we do not know of: their claim stood, its answer was lost."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_UP, [worker, list(known)])
        return int(cursor.rowcount)


def release(cursor: CursorWrapper, held: Claim, verdict: Verdict) -> None:
    """Give a lane back. The caller holds its row (`fence` came first in the transaction).

    `next_due` is read after the row is locked: a slot planned or an order submitted meanwhile is
    either seen here or written into the lane by its maker afterwards.
    """
    values = {"failures": verdict.failures, "pause": verdict.pause}
    cursor.execute(_RELEASE, _of_orders([held.concentrator]) | values)


def hold(cursor: CursorWrapper, concentrators: Sequence[int]) -> None:
    """Lock these lanes, made where they lack, until the transaction ends.

    Whoever changes orders from outside a visit does this first: a visit locks its lane before its
    orders, so the two cannot wait for each other.
    """
    cursor.execute(_ENSURE_THESE, [list(concentrators)])
    cursor.execute(_HOLD, [list(concentrators)])


def tell(cursor: CursorWrapper, concentrators: Sequence[int], at_once: Sequence[int] = ()) -> None:
    """Lanes that are held learn of orders that may be sent now or later: one UPDATE for all.

    Those in `at_once` are visited in spite of their back-off (bypass retry).
    """
    cursor.execute(_TELL, _of_orders(concentrators) | {"at_once": list(at_once)})


def _of_orders(lanes: Sequence[int]) -> dict[str, Any]:
    return {"lanes": list(lanes), "harmless": order_lanes.harmless_kinds()}
