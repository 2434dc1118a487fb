"""A worker's life: it knows that its lease ended before anybody else may act on it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from devices.models import DeviceSecret
from tests.factories.ordered import submit
from tests.factories.visits import due, lane, quick_company, states, visitable
from workorders import lanes, lease, visits
from workorders.models import Worker
from workorders.planning import Planner

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_lease_ends_on_our_own_clock_counted_from_before_the_statement():
    held = lease.register(seconds=30)
    assert held.is_alive()
    assert held.deadline <= lease.boottime() + 30
    held.clock = lambda: held.deadline
    assert not held.is_alive()


def test_a_renewal_moves_both_ends_and_measures_the_database_clock():
    held = lease.register(seconds=30)
    before, until = held.deadline, Worker.objects.get().lease_until
    assert held.renew()
    assert held.deadline > before
    assert Worker.objects.get().lease_until > until
    assert abs(held.database_offset) < 0.5


def test_an_incarnation_that_was_taken_for_dead_never_comes_back():
    held = lease.register(seconds=0)
    assert not held.renew()
    assert not held.is_alive()


def test_only_a_living_worker_claims():
    td = visitable(quick_company(), 1)
    due(td)
    dead, living = lease.register(seconds=0), lease.register()
    assert visits.begin(dead.worker, 10) == []
    assert [begun.claim.concentrator for begun in visits.begin(living.worker, 10)] == [td.pk]
    assert visits.begin(living.worker, 10) == []


def test_a_worker_for_orders_leaves_collections_to_others():
    td = visitable(quick_company(), 1)
    due(td)
    worker = lease.register().worker
    assert visits.begin(worker, 10, orders_only=True) == []
    submit(td)
    [begun] = visits.begin(worker, 10, orders_only=True)
    assert (begun.slots, states(td)) == ([], ["due"])


def test_a_claim_whose_answer_was_lost_is_given_up():
    td = visitable(quick_company(), 1)
    due(td)
    worker = lease.register().worker
    (begun,) = visits.begin(worker, 10)
    assert lanes.give_up_unknown(worker, [td.pk]) == 0
    assert lanes.give_up_unknown(worker, []) == 1
    assert lane(td).owner_id is None
    (again,) = visits.begin(worker, 10)
    assert again.claim.token == begun.claim.token + 1


def test_the_lanes_of_a_worker_that_said_goodbye_are_free_at_once():
    td = visitable(quick_company(), 1)
    due(td)
    held = lease.register()
    visits.begin(held.worker, 10)
    assert lanes.free_dead() == 0
    held.end()
    assert lanes.free_dead() == 1
    assert lane(td).taken_over_at is not None


def test_one_device_with_unreadable_keys_does_not_hold_up_the_others():
    owner = quick_company()
    broken, healthy = visitable(owner, 1), visitable(owner, 2)
    for td in (broken, healthy):
        due(td)
    DeviceSecret.objects.filter(holder_id=broken.pk, role="encryption").update(ciphertext=bytes(44))
    begun = {b.claim.concentrator: b for b in visits.begin(lease.register().worker, 10)}
    assert begun[broken.pk].candidates == ()
    assert begun[healthy.pk].candidates


def test_workers_that_ended_long_ago_are_forgotten_unless_they_still_hold_a_lane():
    due(visitable(quick_company(), 1))
    holder, gone, recent, alive = (lease.register() for _ in range(4))
    visits.begin(holder.worker, 10)
    gone.end()
    recent.end()
    long_ago = timezone.now() - timedelta(days=lease.KEPT_DAYS, minutes=1)
    Worker.objects.filter(pk__in=[holder.worker, gone.worker]).update(lease_until=long_ago)
    Planner().prepare(timezone.now(), plans=False)
    kept = [holder.worker, recent.worker, alive.worker]
    assert list(Worker.objects.order_by("pk").values_list("pk", flat=True)) == kept
