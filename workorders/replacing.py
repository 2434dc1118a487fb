"""Newer orders take the place of older ones of the same meter (003 6.4: 3.31.17.41; design D13).

Newest is the highest id among those that stand: a held order replaces nothing before it is
approved. Steps of one bundle do not replace each other.
"""

from collections.abc import Sequence

from django.db.backends.utils import CursorWrapper

from workorders.activities.orders.base import Result
from workorders.activities.orders.registry import ACTIVITIES
from workorders.moves import CODE_PREEMPTED, end, note
from workorders.order_lanes import SILENT_READS
from workorders.states import Cause, OrderState

_OLDER = """o.state = ANY(%(states)s) AND o.id IN (
    SELECT e.id FROM work_order n
        JOIN unnest(%(newer)s::varchar[], %(older)s::varchar[]) AS k(newer, older)
            ON k.newer = n.kind
        JOIN work_order e ON e.meter_id = n.meter_id AND e.id < n.id AND e.kind = k.older
            AND e.ended_at IS NULL
            AND (e.parent_id IS NULL OR e.parent_id IS DISTINCT FROM n.parent_id)
    WHERE n.id = ANY(%(orders)s) AND n.state = 'queued')"""
_OVERTAKEN = """o.state = ANY(%(states)s) AND o.id IN (
    SELECT e.id FROM work_order n
        JOIN unnest(%(kinds)s::varchar[], %(older)s::varchar[]) AS k(newer, older)
            ON k.newer = n.kind
        JOIN work_order e ON e.meter_id = n.meter_id AND e.id < n.id AND e.kind = k.older
            AND e.ended_at IS NULL AND e.created_at < n.executed_at
    WHERE n.id = %(order)s)"""
# The device may answer again: what one more read can tell needs no person.
_ASK_AGAIN = """
UPDATE work_order o SET silent_reads = %(reads)s - 1, not_before = NULL
FROM work_order n
WHERE n.id = ANY(%(orders)s) AND o.state = 'unknown' AND o.silent_reads >= %(reads)s
    AND o.concentrator_id = n.concentrator_id AND o.meter_id IS NOT DISTINCT FROM n.meter_id
RETURNING o.id
"""
_WAITING = (OrderState.HELD, OrderState.QUEUED, OrderState.LEASED)


def supersede(cursor: CursorWrapper, orders: Sequence[int], who: str) -> None:
    """End the older open orders of the same meters that these, queued now, replace.

    What may always be sent (a reconnection) also replaces orders whose outcome is unknown.
    """
    pairs = [(kind, old) for kind, activity in ACTIVITIES.items() for old in activity.supersedes]
    always = [pair for pair in pairs if not ACTIVITIES[pair[0]].guarded]
    _replace(cursor, orders, pairs, _WAITING, who, "replaced by a newer order")
    text = "replaced by a newer order, outcome unknown"
    unknown = [pair for pair in always if ACTIVITIES[pair[1]].guarded]
    _replace(cursor, orders, unknown, (OrderState.UNKNOWN,), who, text)


def ask_again(cursor: CursorWrapper, orders: Sequence[int], who: str) -> None:
    """Read once more what waits for a person at the devices of these orders: it is in their way."""
    cursor.execute(_ASK_AGAIN, {"orders": list(orders), "reads": SILENT_READS})
    stuck = [pk for (pk,) in cursor.fetchall()]
    note(cursor, stuck, "silent", who, "one more read, because of a newer order")


def supersede_by_local(cursor: CursorWrapper, order: int, who: str) -> None:
    """End the older open orders that a local execution has overtaken (its order is `order`).

    Only what may always be done overtakes: after a reconnection at the meter an older disconnection
    is not sent any more. A local disconnection takes no reconnection back.
    """
    pairs = [
        (kind, old)
        for kind, activity in ACTIVITIES.items()
        for old in activity.supersedes
        if not activity.guarded and ACTIVITIES[old].guarded
    ]
    values = {
        "order": order,
        "states": [*_WAITING, OrderState.UNKNOWN],
        "kinds": [kind for kind, _ in pairs],
        "older": [old for _, old in pairs],
    }
    result = Result(False, CODE_PREEMPTED, "replaced by a newer local execution")
    end(cursor, Cause.SUPERSEDED, _OVERTAKEN, values, result, who=who)


def kinds_that_replace(kind: str) -> list[str]:
    """The kinds whose newer orders end an order of this kind."""
    return [newer for newer, activity in ACTIVITIES.items() if kind in activity.supersedes]


def _replace(
    cursor: CursorWrapper,
    orders: Sequence[int],
    pairs: Sequence[tuple[str, str]],
    states: Sequence[OrderState],
    who: str,
    text: str,
) -> None:
    if not (orders and pairs):
        return
    values = {
        "orders": list(orders),
        "newer": [newer for newer, _ in pairs],
        "older": [older for _, older in pairs],
        "states": list(states),
    }
    end(cursor, Cause.SUPERSEDED, _OLDER, values, Result(False, CODE_PREEMPTED, text), who=who)
