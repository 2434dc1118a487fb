"""Disconnections are guarded, reconnections never: caps, approvals, protected PODs, hours."""

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from devices.choices import MeterState
from devices.models import Company, Concentrator, Meter
from devices.parameters import change, parameters_of
from tests.factories import fleets
from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import ago, asked, begun, fleet, history, leave, state, submit, visit
from tests.factories.visits import quick_company, visitable
from workorders import freeze, guard, holidays, orders, submission
from workorders.activities.orders.base import Rejected
from workorders.guard import Counts
from workorders.models import Freeze, Holiday, ProtectedPoint, WorkOrder

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]
NONE = Counts(0, 0, 0, 0, 0)


@pytest.fixture
def td() -> Concentrator:
    return fleet(meters=12)


def send(td, kind="disconnect", number=1, **options):
    """(order, what begin_sending said)."""
    order = submit(td, kind, number, **options)
    return order, resend(order)


def resend(order):
    claim = visit()
    taken = orders.take(claim)
    assert taken.order == order.pk
    said = orders.begin_sending(taken, claim)
    leave(claim)
    return said


def in_parallel(kind: str, count: int, **options) -> list[orders.Stop | None]:
    """What begin_sending says to so many orders of one kind, each at its own concentrator."""
    owner = Company.objects.get()
    made = [visitable(owner, number, meters=1) for number in range(1, count + 1)]
    serials = [Meter.objects.get(associations__concentrator=td).serial_number for td in made]
    submission.submit([asked(made[0], kind, meter=serial, **options) for serial in serials])
    claims = [visit() for _ in made]
    takes = [(orders.take(claim), claim) for claim in claims]
    start, said = threading.Barrier(count), []

    def begin(taken, claim):
        try:
            start.wait(30)
            said.append(orders.begin_sending(taken, claim))
        finally:
            connection.close()

    threads = [threading.Thread(target=begin, args=pair) for pair in takes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return said


def test_forty_parallel_disconnections_against_a_cap_of_ten_send_ten():
    change(quick_company(), "order_mass_limit", "100")
    said = in_parallel("disconnect", 40)
    assert (said.count(None), len(said)) == (10, 40)
    assert WorkOrder.objects.filter(state="sending", counted=True).count() == 10
    assert WorkOrder.objects.filter(state="held").count() == 30


def test_twenty_parallel_credits_of_one_user_against_a_cap_of_five_send_five():
    change(quick_company(), "cap_credit_user_hour", "5")
    said = in_parallel("credit_charge", 20, parameters={"amount": 10})
    assert (said.count(None), len(said)) == (5, 20)
    assert WorkOrder.objects.filter(state="held").count() == 15


def test_a_cap_holds_the_order_and_says_which(td):
    for number in (1, 2, 3):
        assert send(td, number=number)[1] is None
    order, said = send(td, number=4)
    assert said.text == "cap of 3 (concentrator per hour)"
    order.refresh_from_db()
    assert (order.state, order.hold_reason) == ("held", said.text)
    assert history(order)[-1] == "held back"


def test_reconnections_and_readings_meet_no_cap_and_no_freeze(td):
    change(td.company, "cap_absolute_hour", "0")
    freeze.on(td.company_id, "ana", "storm")
    assert send(td, "reconnect")[1] is None
    assert send(td, "credit_charge", 2)[1] is None
    assert not WorkOrder.objects.filter(counted=True).exclude(kind="credit_charge").exists()


def test_an_approval_lifts_the_caps_but_the_absolute_one(td):
    change(td.company, "cap_concentrator_floor", "0")
    change(td.company, "cap_concentrator_hour", "0")
    order, _ = send(td)
    submission.approve(order.pk, "bob", True, "agreed")
    assert resend(order) is None
    change(td.company, "cap_absolute_hour", "1")
    second, _ = send(td, number=2)
    submission.approve(second.pk, "bob", True, "agreed")
    assert "no approval lifts" in resend(second).text


def test_who_asked_does_not_approve(td):
    order = held(td)
    with pytest.raises(Rejected, match="does not approve"):
        submission.approve(order.pk, "ana", True, "me")
    assert state(order) == "held"


def held(td):
    point = submit(td).usage_point_id
    submission.cancel(WorkOrder.objects.get().pk, "ana")
    ProtectedPoint.objects.create(usage_point_id=point, reason="hospital")
    return submit(td, "disconnect")


def test_a_protected_pod_is_released_with_a_reason_only(td):
    order = held(td)
    with pytest.raises(Rejected, match="reason"):
        submission.approve(order.pk, "bob", True, "")
    assert submission.approve(order.pk, "bob", True, "agreed") == "queued"
    assert resend(order) is None


def test_a_pod_protected_after_submission_stops_the_order(td):
    order = submit(td, "disconnect")
    ProtectedPoint.objects.create(usage_point_id=order.usage_point_id, reason="hospital")
    assert resend(order).text == "protected POD"
    assert state(order) == "held"


def test_an_old_approval_is_asked_for_again(td):
    order = held(td)
    submission.approve(order.pk, "bob", True, "agreed")
    WorkOrder.objects.update(approved_at=ago(hours=5))
    assert isinstance(resend(order), orders.Stop)
    order.refresh_from_db()
    assert (order.state, order.approved_by) == ("held", "")


def test_a_refused_order_is_cancelled(td):
    order = held(td)
    assert submission.approve(order.pk, "bob", False, "no") == "cancelled"
    with pytest.raises(Rejected, match="does not wait"):
        submission.approve(order.pk, "bob", True, "yes")


def test_an_expired_order_is_not_approved(td):
    order = held(td)
    WorkOrder.objects.update(expires_at=ago(hours=1))
    with pytest.raises(Rejected, match="expired"):
        submission.approve(order.pk, "bob", True, "agreed")


@pytest.mark.parametrize("everybody", [True, False])
def test_a_freeze_holds_disconnections_until_it_is_off(td, everybody):
    company = None if everybody else td.company_id
    freeze.on(company, "ana", "storm")
    order, said = send(td)
    assert (said.text, state(order)) == ("frozen: storm", "held")
    assert freeze.off(company, "bob", "calm") == 1
    submission.approve(order.pk, "bob", True, "the storm is over")
    assert resend(order) is None


def test_outside_of_the_window_a_disconnection_is_held(td):
    day = datetime.now(UTC).isoweekday() % 7 + 1
    change(td.company, "order_window", f"{day} 00:00-23:59")
    assert "outside of" in send(td)[1].text


@pytest.mark.parametrize(
    ("window", "inside"),
    [("", True), ("5 08:00-16:00", True), ("1234 08:00-16:00", False), ("5 10:01-16:00", False)],
)
def test_the_window_is_days_and_local_hours(window, inside):
    friday = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    assert guard.within(window, friday) is inside


def test_on_a_holiday_a_disconnection_is_held_and_a_reconnection_goes(td):
    holidays.add(td.company, datetime.now(UTC).date(), "Founders' Day", "ana")
    order, said = send(td)
    assert (said.text, state(order)) == ("holiday: Founders' Day", "held")
    assert send(td, "reconnect", 2)[1] is None
    submission.approve(order.pk, "bob", True, "agreed")
    assert resend(order) is None


def test_the_holiday_is_that_of_the_devices_own_calendar(td):
    """UTC+14 is a day ahead of UTC-10 for most of the day, and never behind it."""
    Company.objects.update(time_zone="Pacific/Kiritimati")
    there = datetime.now(ZoneInfo("Pacific/Kiritimati")).date()
    holidays.add(td.company, there, "New Year", "ana")
    assert send(td)[1].text == "holiday: New Year"
    Holiday.objects.update(day=there - timedelta(days=2))
    assert send(td, number=2)[1] is None


def test_a_holiday_of_another_company_holds_nobody(td):
    holidays.add(fleets.company(code="other"), datetime.now(UTC).date(), "Local", "ana")
    assert send(td)[1] is None


def credit(td, amount, number=1, **options) -> WorkOrder:
    return submit(td, "credit_charge", number, parameters={"amount": amount}, **options)


@pytest.mark.parametrize("amount", [500_001, -500_001])
def test_a_large_credit_waits_for_another_person_up_or_down(td, amount):
    order = credit(td, amount)
    assert (order.state, order.hold_reason) == ("held", f"credit of {amount} Wh, limit 500000")
    with pytest.raises(Rejected, match="does not approve"):
        submission.approve(order.pk, "ana", True, "me")
    submission.approve(order.pk, "bob", True, "agreed")
    assert resend(order) is None


@pytest.mark.parametrize(("amount", "limit"), [(500_000, 500_000), (2_000_000, 0)])
def test_a_credit_up_to_the_limit_goes_at_once(td, amount, limit):
    change(td.company, "credit_limit", str(limit))
    assert resend(credit(td, amount)) is None


def test_a_limit_lowered_after_submission_holds_the_credit(td):
    order = credit(td, 300_000)
    change(td.company, "credit_limit", "200000")
    assert resend(order).text == "credit of 300000 Wh, limit 200000"
    assert state(order) == "held"


def test_an_old_approval_of_a_credit_is_asked_for_again(td):
    order = credit(td, 600_000)
    submission.approve(order.pk, "bob", True, "agreed")
    WorkOrder.objects.update(approved_at=ago(hours=5))
    assert isinstance(resend(order), orders.Stop)
    assert state(order) == "held"


def test_a_stolen_account_moves_no_more_credits_an_hour_than_the_cap(td):
    change(td.company, "cap_credit_user_hour", "2")
    for number in (1, 2):
        assert resend(credit(td, 10, number)) is None
    third = credit(td, 10, 3)
    assert resend(third).text == "cap of 2 credits (user per hour)"
    assert resend(credit(td, 10, 4, requested_by="eve")) is None
    submission.approve(third.pk, "bob", True, "agreed")
    assert resend(third) is None


def test_credits_count_in_no_cap_of_disconnections(td):
    for number in range(1, 6):
        assert resend(credit(td, 10, number)) is None
    assert send(td, number=6)[1] is None


def test_caps_follow_the_fleet_and_have_floors(td):
    settings = parameters_of(td.company_id)
    small, large = guard.caps_of(settings, 12, 12), guard.caps_of(settings, 200_000, 400)
    assert small.counts == Counts(30, 200, 10, 50, 3)
    assert large.counts == Counts(30, 200, 200, 1000, 40)
    assert guard.caps_of(settings, 10_000_000, 400).counts.company_hour == 500


@pytest.mark.parametrize("name", Counts.__dataclass_fields__)
def test_each_cap_counts_for_itself(td, name):
    caps = guard.caps_of(parameters_of(td.company_id), 12, 12)
    full = dict.fromkeys(Counts.__dataclass_fields__, 0)
    full[name] = getattr(caps.counts, name)
    assert guard.over_cap(NONE, caps, is_released=False) == ""
    assert guard.over_cap(Counts(**full), caps, is_released=False) != ""
    assert guard.over_cap(Counts(**full), caps, is_released=True) == ""


def past(td, count: int, days: float) -> None:
    """Disconnections that were sent so long ago."""
    template = WorkOrder.objects.first() or submit(td, "disconnect")
    sent = ago(days=days, minutes=10)
    for number in range(count):
        template.pk, template.idempotency_key = None, f"{days}:{number}"
        template.state, template.ended_at = "done", sent
        template.counted, template.sent_at = True, sent
        template.save(force_insert=True)


def test_five_times_the_usual_rate_freezes_the_company(td):
    past(td, 1, days=40)
    for day in range(1, 31):
        past(td, 2, days=day)
    past(td, 20, days=0)
    [made] = freeze.watch(ago())
    assert made.company_id == td.company_id
    assert "usual are 2" in made.reason
    assert freeze.watch(ago()) == []


def test_a_usual_rate_or_a_young_history_freezes_nobody(td):
    past(td, 20, days=0)
    assert freeze.watch(ago()) == []
    for day in range(1, 32):
        past(td, 5, days=day)
    assert freeze.watch(ago()) == []
    assert not Freeze.objects.exists()


def test_fewer_than_twenty_an_hour_freeze_nobody(td):
    past(td, 1, days=40)
    past(td, 19, days=0)
    assert freeze.watch(ago()) == []


def test_an_uncommissioned_fleet_has_the_floor(td):
    Meter.objects.update(state=MeterState.INSTALLED)
    assert guard.caps_of(parameters_of(td.company_id), 0, 0).counts.company_hour == 10


def test_a_resend_is_not_counted_twice(td):
    order, taken, claim = begun(td)
    orders.lost(taken, claim, "time-out")
    assert WorkOrder.objects.get(pk=order.pk).counted
