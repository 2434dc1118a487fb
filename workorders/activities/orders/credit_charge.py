"""Credit charge or reduction by a token with our transaction (design D13; companion profile 4.2).

The meter's last transaction is read before SENDING and again afterwards: ours means the token
arrived, the earlier one that it did not; anything else is for a person.
"""

from collections.abc import Mapping
from typing import Any

from devices.drivers.base import Garbled
from devices.drivers.duties import Credit, EnterCredit, ReadCredit
from workorders.activities.orders.base import (
    DrawTransaction,
    Facts,
    Line,
    NotDone,
    OrderActivity,
    ReadBack,
    Steps,
    Unclear,
)
from workorders.activities.orders.outcomes import ended, failed, named
from workorders.activities.orders.parameters import LONGEST_I32, only, unusable, whole

EXECUTED = 3
REFUSED = range(4, 8)


def _parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """`amount` in Wh: above 0 a charge, below 0 a reduction."""
    only(given, "amount")
    amount = whole(given, "amount", -LONGEST_I32, LONGEST_I32)
    if amount == 0:
        raise unusable("amount", amount, "give the Wh to charge, or below 0 to reduce")
    return {"amount": amount}


def _steps(facts: Facts) -> Steps:
    credit: Credit = yield ReadCredit()
    before = _last(credit)
    transaction: int = yield DrawTransaction()
    if before > transaction:
        return failed(CREDIT_CHARGE, f"METER HOLDS LATER TRANSACTION {before}")
    if before != transaction:  # else an earlier attempt arrived
        yield EnterCredit(transaction, facts.parameters["amount"])
        credit = yield ReadCredit()
    verdict = yield from _verdict(transaction, before, credit)
    if isinstance(verdict, Unclear):  # the meter said yes and shows something else: not known
        raise Garbled("[TB_ACK_190] GARBLED")
    if isinstance(verdict, NotDone):
        return failed(CREDIT_CHARGE, "TOKEN WITHOUT EFFECT")
    return verdict


def _read_back(facts: Facts) -> ReadBack:
    credit: Credit = yield ReadCredit()
    if facts.transaction is None:
        return NotDone()
    return (yield from _verdict(facts.transaction, facts.transaction_before, credit))


def _verdict(transaction: int, before: int | None, credit: Credit) -> ReadBack:
    """D13: ours, the earlier one, or a case for a person."""
    if credit.transaction == transaction:
        return (yield from _arrived(transaction, credit))
    return NotDone() if _last(credit) == before else Unclear()


def _arrived(transaction: int, credit: Credit) -> ReadBack:
    """Our token is the meter's last one: executed or refused, by its status."""
    if credit.status in REFUSED:
        return failed(CREDIT_CHARGE, f"TOKEN REFUSED WITH STATUS {credit.status}")
    if credit.status != EXECUTED:
        return Unclear()
    line = Line("PP", credit)
    return (yield from ended(CREDIT_CHARGE, line, credit=credit.amount, transaction=transaction))


def _last(credit: Credit) -> int:
    return credit.transaction or 0


CREDIT_CHARGE = OrderActivity(
    **named("credit_charge"),
    command="CREDIT_CHARGE",
    parse=_parse,
    steps=_steps,
    read_back=_read_back,
    needs_transaction=True,
)
