"""Bundles: numbered steps in one order, one result each, the parent ends with the last."""

import pytest

from devices.models import Concentrator
from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import (
    DONE,
    FAILED,
    accepted,
    asked,
    fleet,
    history,
    serial,
    state,
    submit,
    visit,
)
from tests.factories.visits import visitable
from workorders import orders, submission
from workorders.models import WorkOrder
from workorders.requests import Request

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


@pytest.fixture
def td() -> Concentrator:
    return fleet()


def step(td, kind, **options) -> Request:
    return Request(kind, td.company_id, **options)


def bundle(td, *names: str, **options) -> Request:
    return asked(td, "", steps=tuple(step(td, name) for name in names), **options)


def stored(td, *names: str, **options) -> tuple[WorkOrder, list[WorkOrder]]:
    parent = accepted(submission.submit([bundle(td, *names, **options)])[0])
    return parent, list(parent.steps.order_by("step"))


def run(claim, result):
    taken = orders.take(claim)
    orders.finish(taken, claim, result)
    return taken.order


def states(parent: WorkOrder, steps: list[WorkOrder]) -> list[str]:
    return [state(parent), *map(state, steps)]


def test_steps_take_over_the_target_and_go_in_their_order(td):
    parent, steps = stored(td, "reading", "reading", "reading", priority=7)
    assert {(one.meter.serial_number, one.priority) for one in steps} == {(serial(), 7)}
    claim = visit()
    assert [run(claim, DONE) for _ in steps] == [one.pk for one in steps]
    assert states(parent, steps) == ["done"] * 4
    assert history(parent) == ["accepted", "answered"]


def test_a_step_waits_for_the_one_before(td):
    _, steps = stored(td, "reading", "reading")
    claim = visit()
    first = orders.take(claim)
    assert orders.take(claim) is None
    orders.finish(first, claim, DONE)
    assert orders.take(claim).order == steps[1].pk


def test_a_failed_step_cancels_the_rest(td):
    parent, steps = stored(td, "reading", "reading", "reading")
    claim = visit()
    run(claim, DONE)
    run(claim, FAILED)
    assert states(parent, steps) == ["failed", "done", "failed", "cancelled"]
    assert orders.take(claim) is None


def test_a_bundle_that_continues_on_error_runs_every_step(td):
    parent, steps = stored(td, "reading", "reading", continue_on_error=True)
    claim = visit()
    run(claim, FAILED)
    run(claim, DONE)
    assert states(parent, steps) == ["failed", "failed", "done"]


def test_a_cancelled_bundle_ends_all_that_is_open(td):
    parent, steps = stored(td, "reading", "reading")
    claim = visit()
    run(claim, DONE)
    assert submission.cancel(parent.pk, "ana")
    assert states(parent, steps) == ["cancelled", "done", "cancelled"]


def test_steps_of_one_bundle_do_not_replace_each_other(td):
    parent, steps = stored(td, "disconnect", "reconnect")
    assert states(parent, steps) == ["leased", "queued", "queued"]
    claim = visit()
    for _ in steps:
        taken = orders.take(claim)
        assert orders.begin_sending(taken, claim) is None
        orders.finish(taken, claim, DONE)
    assert states(parent, steps) == ["done"] * 3


def test_a_newer_order_replaces_a_step_and_so_cancels_the_rest(td):
    parent, steps = stored(td, "disconnect", "reading")
    submit(td, "reconnect")
    assert states(parent, steps) == ["failed", "preempted", "cancelled"]


def test_one_wrong_step_refuses_the_bundle(td):
    [answer] = submission.submit([bundle(td, "reading", "dance")])
    assert answer.rejected.code == "2.9"
    assert not WorkOrder.objects.exists()


def test_steps_of_several_concentrators_are_no_bundle(td):
    other = visitable(td.company, 2, meters=1)
    far = step(td, "reading", meter=other.associations.get().meter.serial_number)
    [answer] = submission.submit([asked(td, "", steps=(step(td, "reading"), far))])
    assert answer.rejected.code == "2.29"


def test_the_same_bundle_again_is_the_first_one(td):
    parent, steps = stored(td, "reading", "reading", outer_id="9")
    [again] = submission.submit([bundle(td, "reading", "reading", outer_id="9")])
    assert (again.order_id, again.is_repeat) == (parent.pk, True)
    assert WorkOrder.objects.count() == 1 + len(steps)


def test_workers_that_die_do_not_take_the_bundle_for_theirs(td):
    parent, _ = stored(td, "reading")
    assert orders.recover_dead(parent.created_at) == 0
    assert state(parent) == "leased"
