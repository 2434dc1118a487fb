"""What people decide: cancel, approve, and resolve what no read could tell (design D13, D14).

Each decision leaves its row of the audit, also one that is refused (D17).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from hes.domain import identifiers
from hes.domain.errors import BadValue
from workorders import acts, lanes, replacing
from workorders.activities.orders.base import Rejected, Result
from workorders.activities.orders.registry import ACTIVITIES
from workorders.acts import Deed
from workorders.moves import cancelled, end, move
from workorders.order_lanes import SILENT_READS
from workorders.states import Cause, OrderState
from workorders.waking import wake_after_commit

_LOAD = """
SELECT o.id, o.company_id, o.kind, o.state, o.requested_by, o.concentrator_id, o.silent_reads,
    o.expires_at <= clock_timestamp(),
    EXISTS (SELECT FROM protected_point p WHERE p.usage_point_id = o.usage_point_id)
FROM work_order o WHERE o.id = %s OR o.parent_id = %s ORDER BY o.id
"""
_THIS = "o.id = %(order)s"


@dataclass(frozen=True, slots=True)
class _Order:
    order: int
    company: int
    kind: str
    state: OrderState
    requested_by: str
    concentrator: int | None
    silent_reads: int
    is_expired: bool
    is_protected: bool


def cancel(order_id: int, who: str, reason: str = "") -> bool:
    """End an order, or all steps of a bundle, of which nothing was sent; False: it is too late."""
    result = cancelled(f"[6.5] cancelled by {who}" + (f": {reason}" if reason else ""))

    def act(cursor: CursorWrapper, order: _Order) -> bool:
        values = {"order": order.order}
        return bool(end(cursor, Cause.CANCELLED, _THIS, values, result, who=who))

    return any(_each(order_id, Deed(acts.CANCEL, who, "6.5", reason), act))


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

    deed = Deed(acts.APPROVE, who, "6.3", reason) if yes else Deed(acts.REFUSE, who, "6.5", reason)
    return _decided(order_id, _each(order_id, deed, act), "does not wait for approval")


def resolve(order_id: int, who: str, done: bool, reason: str) -> OrderState:
    """Say how an order ended that five reads could not tell; returns its final state."""

    def act(cursor: CursorWrapper, order: _Order) -> OrderState | None:
        if order.state is not OrderState.UNKNOWN or order.silent_reads < SILENT_READS:
            return None
        if not reason:
            raise Rejected("5.8", "say how you know")
        activity = ACTIVITIES[order.kind]
        cause = Cause.RESOLVED_DONE if done else Cause.RESOLVED_FAILED
        code = activity.ok_code if done else activity.ko_code
        result = Result(done, code, f"resolved by {who}: {reason}")
        moved = end(cursor, cause, _THIS, {"order": order.order}, result, who=who)
        return (OrderState.DONE if done else OrderState.FAILED) if moved else None

    deed = Deed(acts.RESOLVE, who, reason=reason)
    return _decided(order_id, _each(order_id, deed, act), "does not wait for a person")


def _each(order_id: int, deed: Deed, act: Callable[[CursorWrapper, _Order], Any]) -> list[Any]:
    """Act on an order and its steps and write it down, or only that it was refused."""
    try:
        _require_plain(deed)
        with transaction.atomic(), connection.cursor() as cursor:
            return _act_on_each(cursor, order_id, deed, act)
    except Rejected as against:
        acts.not_decided(deed, order_id, against)
        raise


def _require_plain(deed: Deed) -> None:
    """Both are printed into the result line, which no text may tear."""
    try:
        identifiers.named_text("the user name", deed.who)
        identifiers.named_text("the reason", deed.reason)
    except BadValue as fault:
        raise Rejected("5.8", str(fault)) from None


def _act_on_each(
    cursor: CursorWrapper, order_id: int, deed: Deed, act: Callable[[CursorWrapper, _Order], Any]
) -> list[Any]:
    """With all their lanes held."""
    touched = sorted({one.concentrator for one in _load(cursor, order_id) if one.concentrator})
    lanes.hold(cursor, touched)
    found = _load(cursor, order_id)
    answers = [act(cursor, order) for order in found]
    lanes.tell(cursor, touched)
    wake_after_commit()
    moved = [order.order for order, answer in zip(found, answers, strict=True) if answer]
    acts.decided(cursor, deed, order_id, found[0].company, moved)
    return answers


def _load(cursor: CursorWrapper, order_id: int) -> list[_Order]:
    cursor.execute(_LOAD, [order_id, order_id])
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    if not rows:
        raise Rejected("2.15", f"there is no order {order_id}")
    return [
        _Order(order, company, kind, OrderState(state), *facts)
        for order, company, kind, state, *facts in rows
    ]


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
