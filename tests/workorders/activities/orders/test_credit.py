"""Credits: entered once, whatever is lost (design D13)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.base import Garbled
from devices.drivers.duties import EnterCredit, ReadBreaker, ReadCredit, ReadDiagnosis
from tests.workorders.activities.orders.model import (
    NOW,
    Loss,
    ModelDevice,
    carry_through,
    order,
    read_back,
)
from workorders.activities.orders.base import DrawTransaction, NotDone, Rejected, Unclear
from workorders.activities.orders.credit_charge import CREDIT_CHARGE
from workorders.activities.orders.credit_read import CREDIT_READ

AMOUNT = {"amount": 250}
OURS = {"transaction": 9, "transaction_before": 4}


def test_a_charge_reads_draws_enters_and_reads_again():
    device = ModelDevice(transaction=4, token_status=3)
    run = order(CREDIT_CHARGE, device, AMOUNT)
    assert run.duties == [
        ReadCredit(),
        DrawTransaction(),
        EnterCredit(9, 250),
        ReadCredit(),
        ReadDiagnosis(),
        ReadBreaker(),
    ]
    assert (run.result.code, run.result.text, run.result.breaker) == ("3.20.81.15", "OK", 100)
    assert (run.result.values["credit"], run.result.values["transaction"]) == (1_250, 9)
    (line,) = run.result.lines
    assert (line.kind, line.fact.amount, line.fact.at) == ("PP", 1_250, NOW)


def test_the_transaction_before_is_that_of_the_last_credit_read_before_the_change():
    run = order(CREDIT_CHARGE, ModelDevice(transaction=4), AMOUNT)
    assert CREDIT_CHARGE.transaction_before(run.answers) == 4
    first = order(CREDIT_CHARGE, ModelDevice(), AMOUNT)
    assert CREDIT_CHARGE.transaction_before(first.answers) == 0
    assert CREDIT_CHARGE.transaction_before([]) is None
    assert CREDIT_READ.transaction_before(run.answers) is None


def test_our_transaction_in_the_meter_is_done_without_a_second_token():
    device = ModelDevice(transaction=9, token_status=3, credit=1_250)
    run = order(CREDIT_CHARGE, device, AMOUNT)
    assert run.result.is_good
    assert device.executed == []


def test_a_meter_with_a_later_transaction_gets_no_token():
    device = ModelDevice(transaction=10, token_status=3)
    result = order(CREDIT_CHARGE, device, AMOUNT).result
    assert (result.is_good, result.code) == (False, "3.20.81.85")
    assert result.text == "[CREDIT_CHARGE] METER HOLDS LATER TRANSACTION 10"
    assert device.executed == []


def test_a_refused_token_fails_with_its_status():
    result = order(CREDIT_CHARGE, ModelDevice(refuses_tokens=True), AMOUNT).result
    assert (result.is_good, result.code) == (False, "3.20.81.85")
    assert result.text == "[CREDIT_CHARGE] TOKEN REFUSED WITH STATUS 5"


def test_a_token_that_changes_nothing_is_a_failure():
    result = order(CREDIT_CHARGE, ModelDevice(is_stuck=True), AMOUNT).result
    assert result.text == "[CREDIT_CHARGE] TOKEN WITHOUT EFFECT"


def test_an_accepted_token_that_cannot_be_told_afterwards_is_left_unknown():
    device = ModelDevice(transaction=9, token_status=0)
    run = order(CREDIT_CHARGE, device, AMOUNT)
    assert isinstance(run.error, Garbled)
    assert run.changed


@pytest.mark.parametrize(
    ("transaction", "status", "kind"),
    [
        (4, 3, NotDone),  # the earlier one
        (8, 3, Unclear),  # another one, although lower than ours
        (10, 3, Unclear),
        (None, 0, Unclear),  # the meter has forgotten even the earlier one
        (9, 0, Unclear),
    ],
)
def test_a_read_back_believes_only_our_transaction_or_the_earlier_one(transaction, status, kind):
    device = ModelDevice(transaction=transaction, token_status=status)
    assert isinstance(read_back(CREDIT_CHARGE, device, AMOUNT, **OURS).result, kind)


@pytest.mark.parametrize(("status", "is_good"), [(3, True), (4, False), (7, False)])
def test_our_transaction_read_back_is_executed_or_refused(status, is_good):
    device = ModelDevice(transaction=9, token_status=status)
    assert read_back(CREDIT_CHARGE, device, AMOUNT, **OURS).result.is_good is is_good


def test_a_meter_that_never_had_a_token_still_has_none_when_ours_was_lost():
    lost = read_back(CREDIT_CHARGE, ModelDevice(), AMOUNT, transaction=9, transaction_before=0)
    assert isinstance(lost.result, NotDone)


@given(
    losses=st.lists(st.sampled_from([None, *Loss]), max_size=8),
    amount=st.integers(-(2**31) + 1, 2**31 - 1).filter(bool),
    before=st.none() | st.integers(1, 8),
)
def test_the_balance_moves_once_whatever_is_lost(losses, amount, before):
    device = ModelDevice(transaction=before, token_status=3 if before else 0, losses=losses)
    result = carry_through(CREDIT_CHARGE, device, {"amount": amount})
    assert (result.is_good, device.credit) == (True, 1_000 + amount)


@pytest.mark.parametrize("amount", [0, 2**31, -(2**31), "", None, 1.5, "12 Wh", [1], False])
def test_an_amount_that_is_no_credit_is_refused(amount):
    with pytest.raises(Rejected, match="amount"):
        CREDIT_CHARGE.parse({"amount": amount})


def test_a_credit_read_leaves_a_prepayment_line():
    run = order(CREDIT_READ, ModelDevice(transaction=4))
    assert run.duties == [ReadCredit(), ReadDiagnosis(), ReadBreaker()]
    assert run.result.code == "3.21.87.30"
    assert [line.kind for line in run.result.lines] == ["PP"]
    assert (run.result.values["credit"], run.result.values["transaction"]) == (1_000, 4)
