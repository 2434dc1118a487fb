"""Reconnections of one concentrator are spread over minutes, and never held, failed or expired."""

from datetime import UTC, datetime

import pytest

from devices.models import Concentrator
from devices.parameters import change
from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import (
    DONE,
    ago,
    asked,
    fleet,
    history,
    leave,
    submit,
    visit,
)
from tests.factories.visits import lane, quick_company, visitable
from workorders import invariants, orders, submission
from workorders.models import Lane, OrderEvent, WorkOrder

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


@pytest.fixture
def td() -> Concentrator:
    made = fleet(meters=40)
    change(made.company, "pace_concentrator", "5")  # of 40 meters: 2, the floor is 3
    return made


def reconnect(td, *numbers: int, **options) -> list[WorkOrder]:
    answers = submission.submit([asked(td, "reconnect", n, **options) for n in numbers])
    return list(WorkOrder.objects.filter(pk__in=[a.order_id for a in answers]).order_by("pk"))


def all_in_one_visit() -> list[str]:
    """Everything the lane gives, each order done where it may be sent: "go", or why not."""
    claim, said = visit(), []
    while taken := orders.take(claim):
        stopped = orders.begin_sending(taken, claim)
        said.append(stopped.text if stopped else "go")
        if not stopped:
            orders.finish(taken, claim, DONE)
    leave(claim)
    return said


def seconds_from_now(order: WorkOrder) -> float:
    order.refresh_from_db()
    return (order.not_before - datetime.now(UTC)).total_seconds()


def test_three_go_in_the_first_minute_and_the_others_each_in_its_own(td):
    made = reconnect(td, *range(1, 9))
    said = all_in_one_visit()
    assert said == [*["go"] * 3, "at most 3 reconnections of this concentrator a minute"]
    minutes = [round(seconds_from_now(order) / 60) for order in made[3:]]
    assert minutes == [1, 1, 1, 2, 2]
    assert {order.state for order in made[3:]} == {"queued"}
    assert history(made[3]) == ["accepted", "claimed", "paced"]
    assert history(made[7]) == ["accepted", "paced"]
    assert invariants.broken() == []


def test_history_says_why_and_no_attempt_is_used_up(td):
    made = reconnect(td, 1, 2, 3, 4)
    all_in_one_visit()
    event = OrderEvent.objects.get(order_id=made[3].pk, cause="paced")
    assert event.text == "[6.4] at most 3 reconnections of this concentrator a minute"
    made[3].refresh_from_db()
    assert (made[3].attempts, made[3].hold_reason) == (0, "")


def test_the_lane_is_due_again_when_the_next_turn_comes(td):
    made = reconnect(td, 1, 2, 3, 4)
    all_in_one_visit()
    made[3].refresh_from_db()
    assert lane(td).next_due == made[3].not_before


def test_when_the_minute_is_over_the_next_ones_go(td):
    reconnect(td, *range(1, 9))
    all_in_one_visit()
    WorkOrder.objects.filter(state="done").update(sent_at=ago(seconds=61))
    WorkOrder.objects.filter(not_before__lt=ago(seconds=-90)).update(not_before=None)
    wake(td)
    assert all_in_one_visit() == ["go"] * 3


def wake(td) -> None:
    """Its lane is due."""
    Lane.objects.filter(pk=td.pk).update(next_due=ago(seconds=1), not_before=None)


def test_a_single_reconnection_of_a_quiet_concentrator_goes_at_once(td):
    submit(td, "reconnect")
    assert all_in_one_visit() == ["go"]


def test_other_orders_are_not_paced_and_not_counted(td):
    for number in range(1, 7):
        submit(td, "credit_charge", number)
    submit(td, "reconnect", 7)
    assert set(all_in_one_visit()) == {"go"}


def test_another_concentrator_is_another_load(td):
    other = visitable(td.company, 2, meters=1)
    reconnect(td, 1, 2, 3)
    all_in_one_visit()
    submission.submit([asked(other, "reconnect", meter="UAAEEDN00000000201")])
    assert all_in_one_visit() == ["go"]


def test_what_would_expire_meanwhile_goes_at_once(td):
    reconnect(td, 1, 2, 3)
    all_in_one_visit()
    submit(td, "reconnect", 4, expires_at=ago(seconds=-50))
    assert all_in_one_visit() == ["go"]


def test_those_behind_that_would_expire_are_not_put_off(td):
    reconnect(td, 1, 2, 3, 4)
    [last] = reconnect(td, 5, expires_at=ago(seconds=-70), priority=0)
    all_in_one_visit()
    last.refresh_from_db()
    assert last.not_before is None or last.not_before < last.expires_at


def test_what_was_sent_before_is_not_paced_again(td):
    [first] = reconnect(td, 1)
    claim = visit()
    taken = orders.take(claim)
    orders.begin_sending(taken, claim)
    orders.lost(taken, claim, "time-out")
    leave(claim)
    reconnect(td, 2, 3, 4)
    all_in_one_visit()
    WorkOrder.objects.filter(pk=first.pk).update(state="queued", not_before=None)
    wake(td)
    claim = visit()
    taken = orders.take(claim)
    assert taken.order == first.pk
    assert orders.begin_sending(taken, claim) is None


def test_a_database_clock_that_was_set_back_blocks_nobody(td):
    reconnect(td, 1, 2, 3)
    all_in_one_visit()
    WorkOrder.objects.update(sent_at=ago(hours=-1))
    submit(td, "reconnect", 4)
    assert all_in_one_visit() == ["go"]


def test_a_share_of_a_large_concentrator_and_none_at_all():
    td = visitable(quick_company(), 1, meters=100)
    change(td.company, "pace_concentrator", "5")
    reconnect(td, *range(1, 8))
    assert all_in_one_visit().count("go") == 5
    change(td.company, "pace_concentrator", "0")
    WorkOrder.objects.filter(state="queued").update(not_before=None)
    wake(td)
    assert all_in_one_visit() == ["go"] * 2
