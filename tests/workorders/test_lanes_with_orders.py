"""Lanes are due when orders are, and not when nobody could take one."""

import pytest
from django.db import connection, transaction

from devices.models import Concentrator
from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import (
    DONE,
    accepted,
    ago,
    asked,
    begun,
    fleet,
    leave,
    state,
    submit,
    visit,
)
from tests.factories.visits import due, lane
from workorders import lanes, lease, orders, submission, visits
from workorders.models import Lane, Visit, WorkOrder

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


@pytest.fixture
def td() -> Concentrator:
    return fleet()


def claimed(*, orders_only: bool) -> int:
    worker = lease.register().worker
    with transaction.atomic(), connection.cursor() as cursor:
        return len(lanes.claim(cursor, worker, 5, orders_only))


def test_an_order_makes_its_lane_due_and_urgent(td):
    submit(td, priority=0)
    assert lane(td).next_due <= ago()
    assert claimed(orders_only=True) == 1


def test_a_later_order_makes_the_lane_due_at_its_time(td):
    order = submit(td, not_before=ago(hours=-2))
    assert lane(td).next_due == order.not_before
    assert claimed(orders_only=False) == 0


def test_an_earlier_slot_is_not_put_off_by_a_later_order(td):
    due(td)
    before = lane(td).next_due
    submit(td, not_before=ago(hours=-2))
    assert lane(td).next_due == before


def test_a_lane_is_claimed_for_orders_when_they_are_due_and_not_when_its_collections_are(td):
    due(td)
    submit(td, not_before=ago(hours=-2))
    assert claimed(orders_only=True) == 0
    told = submit(td, number=2)
    assert lane(td).orders_due <= ago()
    submission.cancel(told.pk, "ana")
    assert claimed(orders_only=True) == 0
    assert claimed(orders_only=False) == 1


def test_orders_call_a_visit_until_it_has_taken_them(td):
    submit(td)
    claim = visit()
    assert claim.for_orders
    assert lanes.called(claim.worker) == [td.pk]
    orders.take(claim)
    assert lanes.called(claim.worker) == []
    submit(td, number=2)
    assert lanes.called(claim.worker) == [td.pk]
    assert lanes.called(claim.worker + 1) == []


def test_a_released_lane_is_due_for_what_still_waits(td):
    submit(td)
    submit(td, number=2, priority=8)
    claim = visit()
    orders.finish(orders.take(claim), claim, DONE)
    leave(claim)
    assert lane(td).best_priority == 5
    claim = visit()
    orders.finish(orders.take(claim), claim, DONE)
    leave(claim)
    assert (lane(td).next_due, lane(td).best_priority) == (None, 0)


def test_a_lane_whose_order_waits_for_an_unknown_one_is_due_at_its_read(td):
    order, taken, claim = begun(td)
    submit(td, "disconnect")
    orders.lost(taken, claim, "time-out")
    leave(claim)
    order.refresh_from_db()
    assert lane(td).next_due == order.not_before


def test_an_order_that_came_during_the_visit_is_taken_by_it(td):
    submit(td)
    claim = visit()
    later = submit(td, priority=9)
    assert orders.take(claim).order == later.pk


def test_bypass_retry_ends_the_pause_of_the_lane(td):
    submit(td)
    claim = visit()
    orders.give_back(orders.take(claim), claim, "unreachable", 0)
    leave(claim, pause=600)
    submit(td, number=2)
    assert claimed(orders_only=True) == 0
    submit(td, number=3, bypass_retry=True)
    assert claimed(orders_only=True) == 1


def test_a_visit_is_opened_for_orders_alone(td):
    submit(td)
    [assignment] = visits.begin(lease.register().worker, 5)
    assert (assignment.claim.concentrator, assignment.slots) == (td.pk, [])
    assert Visit.objects.count() == 1


def test_a_lane_without_work_opens_no_visit_and_sleeps(td):
    order = submit(td)
    WorkOrder.objects.update(expires_at=ago(seconds=1))
    assert visits.begin(lease.register().worker, 5) == []
    assert lane(td).next_due is None
    assert orders.expire(ago()) == 1
    assert state(order) == "expired"


def test_many_orders_tell_all_their_lanes_at_once(td):
    requests = [asked(td, "reading", number) for number in (1, 2, 3)]
    assert all(accepted(answer) for answer in submission.submit(requests))
    assert Lane.objects.filter(best_priority=5).count() == 1
