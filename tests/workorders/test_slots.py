"""Planned, requested and merged slots; planners that meet."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from devices.choices import Activity, ConcentratorState
from devices.models import Concentrator, ProcedureItem
from devices.parameters import change
from tests.factories import fleets
from tests.factories.visits import lane, quick_company, scheduled, visitable
from workorders import lanes, planning, slots, tasks
from workorders.backoff import Verdict
from workorders.models import Lane, Slot

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


@pytest.fixture
def td() -> Concentrator:
    made = visitable(quick_company(), 1)
    scheduled(made, Activity.LOAD_PROFILE, period=360, offset=15)
    return made


def dues(made: Concentrator, activity: str = "load_profile") -> list[datetime]:
    found = Slot.objects.filter(concentrator_id=made.pk, activity=activity)
    return list(found.order_by("due").values_list("due", flat=True))


def hours(*values: float) -> list[datetime]:
    return [NOW + timedelta(hours=value) for value in values]


def test_slots_of_the_last_day_are_made_at_their_offset_from_midnight_utc(td):
    assert slots.plan(NOW) == 4
    assert dues(td) == hours(-23.75, -17.75, -11.75, -5.75)


def test_the_lane_learns_the_earliest_open_slot(td):
    slots.plan(NOW)
    assert lane(td).next_due == hours(-23.75)[0]


def test_planning_again_makes_nothing(td):
    slots.plan(NOW)
    assert slots.plan(NOW) == 0
    assert slots.plan(NOW + timedelta(hours=1)) == 1


def test_a_short_look_back_makes_what_became_due_since(td):
    assert slots.plan(NOW + timedelta(minutes=20), timedelta(minutes=15)) == 1
    assert dues(td) == hours(0.25)


def test_nothing_is_due_before_the_concentrator_is_scheduled(td):
    Concentrator.objects.update(scheduled_from=NOW - timedelta(hours=10))
    assert slots.plan(NOW) == 1


@pytest.mark.parametrize(
    "obstacle",
    [{"stop_activity": True}, {"host": ""}, {"state": ConcentratorState.INSTALLED}],
)
def test_no_slot_is_made_for_what_cannot_be_visited(td, obstacle):
    Concentrator.objects.update(**obstacle)
    assert slots.plan(NOW) == 0
    assert not Lane.objects.exists()


def test_concentrators_are_spread_and_their_activities_stay_together():
    owner = quick_company()
    made = [visitable(owner, number, meters=0) for number in range(1, 41)]
    for activity in (Activity.LOAD_PROFILE, Activity.DAILY_CLOSURE):
        ProcedureItem.objects.create(
            profile=made[0].procedure_profile, activity=activity, period=1440, spread=120
        )
    slots.plan(NOW)
    places = {dues(one)[0] for one in made}
    assert len(places) == 40
    thirds = {int((place.timestamp() % 86_400) // 2400) for place in places}
    assert thirds == {0, 1, 2}
    assert all(dues(one) == dues(one, "daily_closure") for one in made)


def test_two_planners_at_once_make_each_slot_once():
    owner = quick_company()
    made = [visitable(owner, number, meters=0) for number in range(1, 31)]
    for activity in Activity.values:
        scheduled(made[0], Activity(activity), period=60)
    counts: list[int] = []
    gate = threading.Barrier(3)

    def plan() -> None:
        gate.wait()
        counts.append(slots.plan(NOW))
        connection.close()

    planners = [threading.Thread(target=plan) for _ in range(3)]
    for planner in planners:
        planner.start()
    for planner in planners:
        planner.join()
    assert sum(counts) == Slot.objects.count() == 30 * 8 * 24


def test_a_requested_window_exists_once(td):
    window = slots.Period(1, 900)
    assert slots.request([td.pk], ["load_profile", "measurands"], window, NOW) == 2
    assert slots.request([td.pk], ["load_profile", "measurands"], window, NOW) == 0
    assert {(s.window_first, s.window_last) for s in Slot.objects.all()} == {(1, 900)}


def test_a_slot_planned_while_a_lane_is_given_back_is_not_forgotten(td):
    """The planner's transaction is open while the visit ends; whoever is last writes next_due."""
    lanes.ensure()
    released = threading.Event()

    def release() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            claim = lanes.Claim(td.pk, 0, 0, 0, False, 0, "", "", 0, "", "UTC", None, False)
            cursor.execute("SELECT FROM lane FOR NO KEY UPDATE")
            lanes.release(cursor, claim, Verdict(0, 0.0, retry=True))
        released.set()
        connection.close()

    with transaction.atomic():
        slots.plan(NOW)
        thread = threading.Thread(target=release)
        thread.start()
        assert not released.wait(0.3)
    thread.join()
    assert lane(td).next_due == hours(-23.75)[0]


def test_the_planner_looks_back_a_day_once_an_hour(td):
    planner = planning.Planner()
    assert planner.prepare(NOW, plans=True) == 4
    Slot.objects.all().delete()
    assert planner.prepare(NOW + timedelta(minutes=1), plans=True) == 0
    assert planner.prepare(NOW + timedelta(minutes=61), plans=True) == 4
    assert planner.prepare(NOW + timedelta(minutes=61), plans=False) == 0


def test_the_task_plans_and_wakes(td, monkeypatch):
    woken = []
    monkeypatch.setattr(tasks.poke, "apply_async", lambda **options: woken.append(options))
    tasks.plan()
    assert Slot.objects.count() == 4
    assert woken == [{"queue": "collection", "expires": 50}]


def test_partitions_reach_back_as_far_as_the_longest_ledger():
    owner = quick_company()
    change(owner, "ledger_days", "60")
    planning.ensure_partitions(fleets.today())
    day = fleets.today() - timedelta(days=60)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"slot_ledger_{day:%Y%m%d}"])
        assert cursor.fetchone() == (True,)
