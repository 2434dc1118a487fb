"""Lost answers: a harmless read tells how an order ended, after five silent ones a person."""

import pytest

from devices.models import Concentrator
from devices.parameters import change
from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import (
    DONE,
    FAILED,
    ago,
    code,
    fleet,
    leave,
    read_back,
    ready,
    state,
    submit,
    unknown,
    visit,
)
from tests.factories.visits import lane
from workorders import orders, submission
from workorders.activities.orders.base import NotDone, Rejected, Unclear
from workorders.models import WorkOrder

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


@pytest.fixture
def td() -> Concentrator:
    return fleet()


def test_a_lost_answer_is_read_back_and_found_done(td):
    order = unknown(td)
    assert state(order) == "unknown"
    taken, claim = read_back(order)
    orders.found(taken, claim, DONE)
    assert (state(order), code(order)) == ("done", "ok")


def test_what_was_not_done_is_queued_again_and_counts_once(td):
    change(td.company, "cap_concentrator_floor", "1")
    order = unknown(td)
    expiry = WorkOrder.objects.get(pk=order.pk).expires_at
    taken, claim = read_back(order)
    orders.found(taken, claim, NotDone())
    again = orders.take(claim)
    assert (again.order, again.is_unknown) == (order.pk, False)
    assert orders.begin_sending(again, claim) is None
    order.refresh_from_db()
    assert (order.expires_at, order.counted, order.attempts) == (expiry, True, 2)


def test_a_read_that_says_it_failed_ends_it(td):
    order = unknown(td)
    taken, claim = read_back(order)
    orders.found(taken, claim, FAILED)
    assert state(order) == "failed"


def test_five_silent_reads_leave_it_to_a_person(td, caplog):
    order = unknown(td)
    for _ in range(5):
        taken, claim = read_back(order)
        orders.silent(taken, claim)
        leave(claim)
    assert "a person decides" in caplog.text
    assert (state(order), lane(td).next_due) == ("unknown", None)
    ready(order)
    assert orders.take(visit()) is None
    assert submission.resolve(order.pk, "bob", True, "seen on site") == "done"
    assert (state(order), code(order)) == ("done", "disconnect.ok")


def test_what_waits_for_a_person_is_read_once_more_before_a_newer_order_of_the_meter(td):
    order = submit(td, "commissioning")
    claim = visit()
    orders.begin_sending(taken := orders.take(claim), claim)
    orders.lost(taken, claim, "time-out")
    WorkOrder.objects.filter(pk=order.pk).update(silent_reads=5, not_before=None)
    leave(claim)
    submit(td, "reading", number=2)  # of another meter
    claim = visit()
    assert orders.take(claim).kind == "reading"
    leave(claim)
    newer = submit(td, "reconnect")
    claim = visit()
    taken = orders.take(claim)
    assert (taken.order, taken.is_unknown) == (order.pk, True)
    orders.found(taken, claim, DONE)
    assert orders.take(claim).order == newer.pk


def test_a_read_that_cannot_tell_goes_to_a_person_at_once(td):
    order = unknown(td)
    taken, claim = read_back(order)
    orders.found(taken, claim, Unclear())
    assert submission.resolve(order.pk, "bob", False, "seen on site") == "failed"


def test_a_person_does_not_resolve_what_may_still_be_read(td):
    order = unknown(td)
    with pytest.raises(Rejected, match="does not wait"):
        submission.resolve(order.pk, "bob", True, "I guess")


def test_silent_reads_back_off(td):
    order = unknown(td)
    taken, claim = read_back(order)
    orders.silent(taken, claim)
    order.refresh_from_db()
    assert 50 < (order.not_before - ago()).total_seconds() < 61
