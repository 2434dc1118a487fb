"""Requests and decisions about orders as the audit keeps them (design D17; issue: "bad input").

One row for what a call made, and one for what was refused of it; a repeat made nothing and is no
act. The row of a call and its orders know each other, so that `hes verify` can compare them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices import audit
from devices.audit import Act
from workorders.activities.orders.base import Rejected
from workorders.intake import Draft
from workorders.requests import Request, Submitted, kept_text

SUBMIT, CANCEL, APPROVE = "order.submit", "order.cancel", "order.approve"
REFUSE, RESOLVE = "order.refuse", "order.resolve"
LOCAL = "order.local"  # a report of the field app
REASONS_SHOWN = 3
ON_HOLD = "6.2"  # codes/reply_error_codes.csv


@dataclass(frozen=True, slots=True)
class Deed:
    """A decision somebody wants to make; `code` is the reply's where it is carried out."""

    act: str
    who: str
    code: str = ""
    reason: str = ""


def accepted(
    cursor: CursorWrapper, row: int, drafts: Sequence[Draft], made: dict[str, int]
) -> None:
    """Write down what a call made: its orders carry the id of this row."""
    new = [draft for draft in drafts if draft.key in made]
    if not new:
        return
    first = new[0].request
    held = next((draft.hold_reason for draft in new if draft.hold_reason), "")
    act = Act(
        SUBMIT,
        first.requested_by,
        first.company_id,
        target=_target([draft.request for draft in new]),
        code=ON_HOLD if held else "",
        text=held,
        orders=list(made.values()),
        count=len(new),
        hash=audit.hash_of(draft.hash for draft in new),
    )
    audit.note(cursor, act, row)


def refused(
    cursor: CursorWrapper, requests: Sequence[Request], answers: Sequence[Submitted]
) -> None:
    """Write down what was refused of a call: the first reasons, and how many there were."""
    pairs = zip(requests, answers, strict=True)
    bad = [(request, answer.rejected) for request, answer in pairs if answer.rejected]
    if not bad:
        return
    first, against = bad[0]
    reasons = dict.fromkeys(f"[{one.code}] {kept_text(one)}" for _, one in bad)
    act = Act(
        SUBMIT,
        first.requested_by,
        first.company_id,
        target=_target([request for request, _ in bad]),
        is_refused=True,
        code=against.code,
        text="; ".join(list(reasons)[:REASONS_SHOWN]),
        count=len(bad),
        hash=audit.hash_of(request.fingerprint() for request, _ in bad),
    )
    audit.note(cursor, act)


def reported(
    cursor: CursorWrapper, who: str, request: Request, order: int | None, against: Rejected | None
) -> None:
    """Write down a report of the field app: the order it ended, or why it was refused."""
    act = Act(
        LOCAL,
        who,
        request.company_id,
        target=f"order {order}" if order else _target([request]),
        is_refused=against is not None,
        code=against.code if against else "",
        text=kept_text(against) if against else "",
        orders=[order] if order and not against else [],
    )
    audit.note(cursor, act)


def decided(
    cursor: CursorWrapper, deed: Deed, order: int, company: int, orders: Sequence[int]
) -> None:
    """Write down a decision about an order and its steps; without `orders` it came to nothing."""
    act = Act(
        deed.act,
        deed.who,
        company,
        target=f"order {order}",
        is_refused=not orders,
        code=deed.code if orders else "5.2",
        text=deed.reason if orders else "the order does not wait for it",
        orders=orders,
        count=max(1, len(orders)),
    )
    audit.note(cursor, act)


def not_decided(deed: Deed, order: int, against: Rejected) -> None:
    """Write down a decision that was refused, after its transaction is rolled back."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT company_id FROM work_order WHERE id = %s", [order])
        company = next(iter(cursor.fetchone() or ()), None)
        target, code, text = f"order {order}", against.code, against.text
        act = Act(deed.act, deed.who, company, target, is_refused=True, code=code, text=text)
        audit.note(cursor, act)


def _target(requests: Sequence[Request]) -> str:
    """Kind and device of one request; how many there are of several."""
    if len(requests) > 1:
        return f"{len(requests)} orders"
    [one] = requests
    place = one.meter or one.pod or one.concentrator or ""
    return f"{one.kind or 'bundle'} {place}".strip()
