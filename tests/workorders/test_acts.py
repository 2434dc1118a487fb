"""Requests and decisions leave one row of the audit each, refused ones too, and no secret."""

import pytest

from devices.models import AuditRow, Concentrator
from devices.parameters import change
from tests.factories import fleets
from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import accepted, asked, begun, fleet, leave, meter, serial, submit
from workorders import freeze, orders, submission
from workorders.activities.orders.base import Rejected
from workorders.models import OrderEvent, WorkOrder
from workorders.requests import NOT_TOLD, Request

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


@pytest.fixture
def td() -> Concentrator:
    return fleet(meters=12)


def rows() -> list[AuditRow]:
    """All but those of the settings that a test needs."""
    return list(AuditRow.objects.exclude(act="setting.change").order_by("id"))


def last() -> AuditRow:
    return AuditRow.objects.latest("id")


def test_an_accepted_order_and_its_row_know_each_other(td):
    order = submit(td)
    [row] = rows()
    assert (row.act, row.who, row.is_refused) == ("order.submit", "ana", False)
    assert (row.company_id, row.target) == (td.company_id, f"reading {serial()}")
    assert (order.audit_id, row.orders.lower, row.count) == (row.pk, order.pk, 1)


def test_a_refused_request_writes_its_row_and_nothing_else(td):
    [answer] = submission.submit([asked(td, meter="NOBODY")])
    assert answer.rejected.code == "2.4"
    [row] = rows()
    assert (row.is_refused, row.code, row.orders) == (True, "2.4", None)
    assert (row.target, row.text) == ("reading NOBODY", "[2.4] no meter has the serial NOBODY")
    assert not WorkOrder.objects.exists()
    assert not OrderEvent.objects.exists()


def test_of_a_call_one_row_tells_what_was_made_and_one_what_was_refused(td):
    good = [asked(td, number=number) for number in (1, 2, 3)]
    bad = [asked(td, meter=name) for name in ("A1", "A2", "A3", "A4", "A5")]
    submission.submit([*good, *bad])
    made, refused = rows()
    assert (made.is_refused, made.count, made.target) == (False, 3, "3 orders")
    assert (refused.is_refused, refused.count, refused.code) == (True, 5, "2.4")
    assert refused.text.count("no meter has the serial") == 3
    assert made.hash != refused.hash


def test_a_call_that_is_refused_whole_has_one_row(td):
    change(td.company, "order_max_items", "2")
    submission.submit([asked(td)] * 3)
    [row] = rows()
    assert (row.code, row.count, row.text) == ("3.1", 3, "[3.1] 3 orders; at most 2")


def test_a_repeat_is_no_act_and_another_body_is_a_refused_one(td):
    submit(td, outer_id="7")
    submission.submit([asked(td, outer_id="7")])
    assert len(rows()) == 1
    submission.submit([asked(td, number=2, outer_id="7")])
    assert (last().is_refused, last().code) == (True, "2.15")


def test_a_held_order_says_so_in_its_row(td):
    submit(td, "credit_charge", parameters={"amount": 600_000})
    assert (last().code, last().text) == ("6.2", "credit of 600000 Wh, limit 500000")


def test_a_bundle_is_one_order_of_its_call_and_holds_its_steps(td):
    steps = tuple(Request("reading", td.company_id) for _ in range(2))
    order = accepted(submission.submit([asked(td, "", steps=steps)])[0])
    assert (last().count, last().target) == (1, f"bundle {serial()}")
    assert {step.audit_id for step in WorkOrder.objects.all()} == {last().pk}
    assert (last().orders.lower, last().orders.upper) == (order.pk, order.pk + 3)


def test_what_was_given_as_a_parameter_is_told_and_not_kept(td):
    secret = "00112233445566778899AABBCCDDEEFF"
    [answer] = submission.submit([asked(td, parameters={"bad": secret})])
    assert answer.rejected.text == "bad is no parameter"
    assert last().text == f"[1.6] {NOT_TOLD}"


def test_a_preview_is_no_act(td):
    submission.preview(asked(td, meter="NOBODY"))
    assert rows() == []


def test_a_cancelled_order_has_its_row_with_the_reason(td):
    order = submit(td)
    assert submission.cancel(order.pk, "bob", "no longer wanted")
    row = last()
    assert (row.act, row.who, row.code) == ("order.cancel", "bob", "6.5")
    assert (row.text, row.target) == ("no longer wanted", f"order {order.pk}")


def test_what_comes_too_late_has_its_row_too(td):
    order, _, _ = begun(td)
    assert not submission.cancel(order.pk, "bob")
    assert (last().act, last().is_refused, last().code) == ("order.cancel", True, "5.2")


@pytest.mark.parametrize(
    ("yes", "act", "code"), [(True, "order.approve", "6.3"), (False, "order.refuse", "6.5")]
)
def test_a_decision_about_a_held_order_has_its_row(td, yes, act, code):
    order = submit(td, "credit_charge", parameters={"amount": 600_000})
    submission.approve(order.pk, "bob", yes, "looked at it")
    assert (last().act, last().code, last().text) == (act, code, "looked at it")
    assert last().company_id == td.company_id


def test_who_tries_to_approve_his_own_is_written_down(td):
    order = submit(td, "credit_charge", parameters={"amount": 600_000})
    with pytest.raises(Rejected):
        submission.approve(order.pk, "ana", True, "me")
    row = last()
    assert (row.act, row.who, row.is_refused, row.code) == ("order.approve", "ana", True, "7.5")
    assert (row.company_id, row.orders) == (td.company_id, None)


def test_an_order_that_is_not_there_is_decided_by_nobody(td):
    with pytest.raises(Rejected, match="no order 99"):
        submission.cancel(99, "bob")
    assert (last().target, last().company_id, last().code) == ("order 99", None, "2.15")


def test_a_resolved_order_has_its_row(td):
    order, taken, claim = begun(td)
    orders.lost(taken, claim, "time-out")
    leave(claim)
    WorkOrder.objects.update(silent_reads=5)
    with pytest.raises(Rejected, match="how you know"):
        submission.resolve(order.pk, "bob", True, "")
    submission.resolve(order.pk, "bob", True, "seen at the meter")
    refused, done = rows()[-2:]
    assert (refused.act, refused.is_refused, refused.code) == ("order.resolve", True, "5.8")
    assert (done.act, done.is_refused, done.text) == ("order.resolve", False, "seen at the meter")


@pytest.mark.parametrize("reason", ["a;b", "two\nlines", "=HYPERLINK(1)"])
def test_a_reason_that_would_tear_the_result_line_is_refused(td, reason):
    order = submit(td)
    with pytest.raises(Rejected, match=r"\[5.8\] the reason"):
        submission.cancel(order.pk, "bob", reason)
    assert WorkOrder.objects.get().state == "queued"


def test_the_freeze_has_its_rows_refused_ones_too(td):
    freeze.on(td.company_id, "ada", "odd rate")
    with pytest.raises(Rejected):
        freeze.off(td.company_id, "ada", "calm")
    freeze.off(td.company_id, "bob", "calm")
    assert freeze.off(td.company_id, "bob", "calm") == 0
    told = [(row.act, row.who, row.is_refused, row.text) for row in rows()]
    assert told == [
        ("freeze.on", "ada", False, "odd rate"),
        ("freeze.off", "ada", True, "ada switched it on: another person switches it off"),
        ("freeze.off", "bob", False, "calm"),
    ]


def test_another_companys_meter_is_told_to_nobody_but_the_asker(td):
    other = fleets.company(code="other")
    submission.submit([Request("reading", other.pk, meter=meter().serial_number)])
    assert (last().company_id, last().code) == (other.pk, "7.5")
