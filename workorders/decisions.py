"""What people decide: cancel, approve, and resolve what no read could tell (design D13, D14)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from workorders import lanes, replacing
from workorders.activities.orders.base import Rejected, Result
from workorders.activities.orders.registry import ACTIVITIES
from workorders.moves import cancelled, end, move
from workorders.order_lanes import SILENT_READS
from workorders.states import Cause, OrderState
from workorders.waking import wake_after_commit

_LOAD = """
SELECT o.id, o.kind, o.state, o.requested_by, o.concentrator_id, o.silent_reads,
    o.expires_at <= clock_timestamp(),
    EXISTS (SELECT FROM protected_point p WHERE p.usage_point_id = o.usage_point_id)
FROM work_order o WHERE o.id = %s OR o.parent_id = %s ORDER BY o.id
"""
_THIS = "o.id = %(order)s"


@dataclass(frozen=True, slots=True)
class _Order:
    order: int
    kind: str
    state: OrderState
    requested_by: str
    concentrator: int | None
    silent_reads: int
    is_expired: bool
    is_protected: bool


def cancel(order_id: int, who: str) -> bool:
    """End an order, or all steps of a bundle, of which nothing was sent; False: it is too late."""
    result = cancelled(f"[6.5] cancelled by {who}")

    def act(cursor: CursorWrapper, order: _Order) -> bool:
        values = {"order": order.order}
        return bool(end(cursor, Cause.CANCELLED, _THIS, values, result, who=who))

    return any(_each(order_id, act))


def approve(order_id: int, who: str, yes: bool, reason: str) -> OrderState:
    """Release or refuse a held order, or the held steps of a bundle; returns the state since then.

    Raises Rejected where the approver asked for it himself, where nothing waits, and where a
    protected POD is released without a reason.
    """

    def act(cursor: CursorWrapper, order: _Order) -> OrderState | None:
        if order.state is not OrderState.HELD:
            return None
        _may_approve(order, who, reason if yes else "-")
        return _approve(cursor, order, who, reason) if yes else _refuse(cursor, order, who, reason)

    return _decided(order_id, _each(order_id, act), "does not wait for approval")


def resolve(order_id: int, who: str, done: bool, reason: str) -> OrderState:
    """Say how an order ended that five reads could not tell; returns its final state."""
    if not reason:
        raise Rejected("5.8", "say how you know")

    def act(cursor: CursorWrapper, order: _Order) -> OrderState | None:
        if order.state is not OrderState.UNKNOWN or order.silent_reads < SILENT_READS:
            return None
        activity = ACTIVITIES[order.kind]
        cause = Cause.RESOLVED_DONE if done else Cause.RESOLVED_FAILED
        code = activity.ok_code if done else activity.ko_code
        result = Result(done, code, f"resolved by {who}: {reason}")
        moved = end(cursor, cause, _THIS, {"order": order.order}, result, who=who)
        return (OrderState.DONE if done else OrderState.FAILED) if moved else None

    return _decided(order_id, _each(order_id, act), "does not wait for a person")


def _each(order_id: int, act: Callable[[CursorWrapper, _Order], Any]) -> list[Any]:
    """Act on an order and its steps, their lanes held, in one transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        found = _load(cursor, order_id)
        touched = sorted({order.concentrator for order in found if order.concentrator})
        lanes.hold(cursor, touched)
        answers = [act(cursor, order) for order in _load(cursor, order_id)]
        lanes.tell(cursor, touched)
        wake_after_commit()
    return answers


def _load(cursor: CursorWrapper, order_id: int) -> list[_Order]:
    cursor.execute(_LOAD, [order_id, order_id])
    found = [_Order(row[0], row[1], OrderState(row[2]), *row[3:]) for row in cursor.fetchall()]
    if not found:
        raise Rejected("2.15", f"there is no order {order_id}")
    return found


def _decided(order_id: int, answers: list[OrderState | None], otherwise: str) -> OrderState:
    decided = [answer for answer in answers if answer]
    if not decided:
        raise Rejected("5.2", f"order {order_id} {otherwise}")
    return decided[0]


def _may_approve(order: _Order, who: str, reason: str) -> None:
    if order.requested_by == who:
        raise Rejected("7.5", "who asked for an order does not approve it")
    if order.is_protected and not reason:
        raise Rejected("5.8", "a protected POD is released with a reason only")
    if order.is_expired:
        raise Rejected("6.1", f"order {order.order} has expired")


def _approve(cursor: CursorWrapper, order: _Order, who: str, reason: str) -> OrderState | None:
    moved = move(
        cursor,
        Cause.APPROVED,
        _THIS,
        {"order": order.order},
        who=who,
        text=f"[6.3] {reason}",
        columns={"approved_by": who, "hold_reason": ""},
        raw=["approved_at = clock_timestamp()"],
    )
    replacing.supersede(cursor, [order.order], who)
    return OrderState.QUEUED if moved else None


def _refuse(cursor: CursorWrapper, order: _Order, who: str, reason: str) -> OrderState | None:
    result = cancelled(f"[6.5] refused by {who}: {reason}")
    moved = end(cursor, Cause.REFUSED, _THIS, {"order": order.order}, result, who=who)
    return OrderState.CANCELLED if moved else None
