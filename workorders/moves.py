"""The only statement that changes an order's state, and what follows for its bundle (design D13).

An UPDATE that is true only in the states a cause leads out of, and its row of history, in one: of
two who move an order at once, one finds nothing to move.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.backends.utils import CursorWrapper

from workorders import effects, results
from workorders.activities.orders.base import Result
from workorders.states import TRANSITIONS, Cause, OrderState, sources

CODE_CANCELLED = "3.31.17.1"  # codes/order_results.csv
CODE_PREEMPTED = "3.31.17.41"
TEXT_LIMIT = 200
BUNDLE = "bundle"

_LEADS_TO: dict[Cause, OrderState] = {cause: state for (_, cause), state in TRANSITIONS.items()}

_MOVE = """
WITH moved AS (
    UPDATE work_order o SET {columns}
    WHERE {where} AND o.state = ANY(%(sources)s)
    RETURNING o.id, o.parent_id, o.concentrator_id),
noted AS (INSERT INTO order_event (order_id, cause, state, who, text)
    SELECT id, %(cause)s, %(state)s, %(who)s, %(text)s FROM moved)
SELECT id, parent_id, concentrator_id FROM moved
"""
_NOTE = """
INSERT INTO order_event (order_id, cause, state, who, text)
SELECT id, %s, state, %s, %s FROM work_order WHERE id = ANY(%s) ORDER BY id
"""

_OPEN_STEP = "EXISTS (SELECT FROM work_order s WHERE s.parent_id = o.id AND s.ended_at IS NULL)"
_BAD_STEP = "EXISTS (SELECT FROM work_order s WHERE s.parent_id = o.id AND s.state <> 'done')"
_ENDED = f"o.id = ANY(%(parents)s) AND NOT {_OPEN_STEP}"
_AFTER_A_FAILURE = """o.id IN (
    SELECT n.id FROM work_order n JOIN work_order p ON p.id = n.parent_id
        JOIN work_order s ON s.parent_id = p.id AND s.step < n.step
    WHERE p.id = ANY(%(parents)s) AND NOT p.continue_on_error AND n.ended_at IS NULL
        AND s.ended_at IS NOT NULL AND s.state <> 'done')"""


@dataclass(frozen=True, slots=True)
class Moved:
    """An order that was moved."""

    order: int
    parent: int | None
    concentrator: int | None


def move(
    cursor: CursorWrapper,
    cause: Cause,
    where: str,
    values: Mapping[str, Any],
    *,
    who: str,
    text: str = "",
    columns: Mapping[str, Any] | None = None,
    raw: Sequence[str] = (),
) -> list[Moved]:
    """Move all orders (`o`) that fit `where` and may be moved by `cause`; returns which.

    `columns` are set beside the state, and so is `raw`: assignments of our own SQL.
    """
    state = _LEADS_TO[cause]
    columns = columns or {}
    named = ["state = %(state)s", "changed_at = clock_timestamp()", *raw]
    named += [f"{name} = %({name})s" for name in columns]
    told: dict[str, Any] = {"state": state, "cause": cause, "sources": sources(cause), "who": who}
    statement = _MOVE.format(columns=", ".join(named), where=where)
    cursor.execute(statement, {**values, **columns, **told, "text": text[:TEXT_LIMIT]})
    return [Moved(*row) for row in cursor.fetchall()]


def end(
    cursor: CursorWrapper,
    cause: Cause,
    where: str,
    values: Mapping[str, Any],
    result: Result,
    *,
    who: str,
    columns: Mapping[str, Any] | None = None,
) -> list[Moved]:
    """A move to a final state with its result: the lines leave, the bundle goes on or ends.

    All in the caller's transaction, `columns` set beside; returns which orders ended.
    """
    said = {
        "result_code": result.code,
        "result_text": result.text[:TEXT_LIMIT],
        "result": json.dumps(dict(result.values), default=str),
        "breaker": result.breaker,
        **(columns or {}),
    }
    raw = ["ended_at = clock_timestamp()"]
    ended = move(cursor, cause, where, values, who=who, text=result.text, columns=said, raw=raw)
    if ended:
        told = {one.order: result for one in ended}
        results.leave(cursor, told)
        effects.apply(cursor, told)
        _settle(cursor, sorted({one.parent for one in ended if one.parent}))
    return ended


def note(cursor: CursorWrapper, orders: Sequence[int], cause: str, who: str, text: str) -> None:
    """A row of history that is no move: an acceptance, a read without an answer."""
    cursor.execute(_NOTE, [cause, who, text[:TEXT_LIMIT], list(orders)])


def cancelled(text: str) -> Result:
    """The result of an order that ends as CANCELLED."""
    return Result(False, CODE_CANCELLED, text)


def _settle(cursor: CursorWrapper, parents: Sequence[int]) -> None:
    """Cancel the steps after a failed one; end the bundles whose steps have all ended."""
    if not parents:
        return
    values = {"parents": list(parents)}
    text = "an earlier step of the bundle failed"
    end(cursor, Cause.CANCELLED, _AFTER_A_FAILURE, values, cancelled(text), who=BUNDLE)
    whole = f"{_ENDED} AND NOT {_BAD_STEP}"
    end(cursor, Cause.ANSWERED, whole, values, Result(True, "", "OK"), who=BUNDLE)
    text = "not every step was carried out"
    end(cursor, Cause.DENIED, _ENDED, values, Result(False, "", text), who=BUNDLE)
