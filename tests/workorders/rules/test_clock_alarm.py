"""Alarm ORD makes a synchronisation order where the company wants it, with a pause per meter."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from devices import recording
from devices.fleet import load_fleet
from devices.models import AuditRow, Concentrator, LastAlarmWord, Meter
from devices.parameters import change
from hes.domain.alarms import BY_NAME
from tests.factories.fleets import no_fence
from tests.factories.order_kinds import activity, kinds  # noqa: F401
from tests.factories.ordered import fleet, meter, submit
from tests.factories.processes import wait_until
from tests.factories.visits import device, field_of
from workorders import invariants
from workorders.activities.orders.registry import ACTIVITIES
from workorders.engine import Engine, Options
from workorders.models import WorkOrder
from workorders.rules import clock_alarm

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]
ORD = BY_NAME["ORD"]


@pytest.fixture
def td(kinds, monkeypatch) -> Concentrator:  # noqa: F811
    sync = activity("meter_synchronisation", is_commercial=False, read_back=lambda _: iter(()))
    monkeypatch.setitem(ACTIVITIES, sync.kind, sync)
    made = fleet(meters=3)
    change(made.company, "clock_alarm_orders", "true")
    return made


def edge(number: int = 1, alarm: str = "ORD", active: bool = True, **before) -> None:
    """An edge that was recorded so long before now, and the word that stands since."""
    at = datetime.now(UTC) - timedelta(**before)
    found = meter(number)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO end_device_event (at, company_id, kind, alarm, meter_id, is_active)"
            " VALUES (%s, %s, 'meter_alarm', %s, %s, %s)",
            [at, found.company_id, alarm, found.pk, active],
        )
    word = 1 << BY_NAME[alarm].bit if active else 0
    LastAlarmWord.objects.update_or_create(meter=found, defaults={"word": word, "at": at})


def proven(_limit: float) -> str:
    return ""


def watch(**later) -> int:
    return clock_alarm.watch(datetime.now(UTC) + timedelta(**later), proven)


def made() -> list[WorkOrder]:
    return list(WorkOrder.objects.filter(kind="meter_synchronisation").order_by("pk"))


def end_all(**ago) -> None:
    """The orders so far have ended, and were made so long ago."""
    at = datetime.now(UTC) - timedelta(**ago)
    WorkOrder.objects.filter(ended_at=None).update(state="done", ended_at=at, created_at=at)


def test_a_rising_edge_makes_one_order_of_lowest_priority(td):
    edge()
    assert (watch(), watch()) == (1, 0)
    [order] = made()
    assert (order.meter_id, order.source, order.requested_by) == (
        meter().pk,
        "rule",
        "rule:clock_alarm",
    )
    assert (order.priority, order.state) == (0, "queued")
    assert invariants.broken() == []


def test_it_is_off_until_the_company_wants_it(td):
    change(td.company, "clock_alarm_orders", "false")
    edge()
    assert watch() == 0


def test_while_the_host_clock_is_not_proven_nothing_is_made(td):
    edge()
    limits = []

    def unproven(limit: float) -> str:
        limits.append(limit)
        return "host clock is not synchronised by NTP"

    assert clock_alarm.watch(datetime.now(UTC), unproven) == 0
    assert limits == [2]
    assert watch() == 1


@pytest.mark.parametrize(
    "without",
    [
        {"alarm": "WDOG"},
        {"active": False},
        {"days": 2},
    ],
)
def test_another_alarm_a_falling_edge_and_an_old_one_make_none(td, without):
    edge(**without)
    assert watch() == 0


def test_an_alarm_that_has_gone_meanwhile_makes_none(td):
    edge(minutes=5)
    edge(active=False)
    assert watch() == 0


def test_what_would_be_refused_is_not_asked_for_again_and_again(td):
    Meter.objects.update(state="installed")
    edge()
    assert watch() == 0
    assert not AuditRow.objects.filter(is_refused=True).exists()


def test_a_synchronisation_under_way_is_enough(td):
    submit(td, "meter_synchronisation")
    edge()
    assert watch() == 0


@pytest.mark.parametrize(("orders", "hours"), [(1, 6), (2, 12), (3, 20), (9, 20)])
def test_the_pause_doubles_with_every_order_up_to_its_cap(td, orders, hours):
    change(td.company, "clock_alarm_pause_cap", "20")
    edge()
    watch()
    end_all(seconds=1)
    again(orders - 1, days=80)
    edge()
    assert watch(hours=hours, minutes=-1) == 0
    assert watch(hours=hours, minutes=1) == 1


def again(orders: int, **ago) -> None:
    """So many more orders of the rule, so long ago."""
    [order] = made()
    for number in range(orders):
        order.pk, order.idempotency_key = None, str(number)
        order.save(force_insert=True)
        WorkOrder.objects.filter(pk=order.pk).update(created_at=order.ended_at - timedelta(**ago))


def test_after_ninety_quiet_days_the_pause_is_short_again(td):
    edge()
    watch()
    end_all(seconds=1)
    again(5, days=91)
    edge()
    assert watch(hours=6, minutes=1) == 1


def test_an_edge_within_the_pause_waits_for_its_end(td):
    edge(hours=5)
    watch()
    end_all(hours=5)
    edge(hours=2)
    assert watch() == 0
    assert watch(hours=1, minutes=1) == 1


def test_another_meter_has_a_pause_of_its_own(td):
    edge(1)
    watch()
    edge(2)
    assert watch() == 1
    assert [order.meter_id for order in made()] == [meter(1).pk, meter(2).pk]


def test_what_a_visit_records_is_what_the_rule_sees(td):
    found, now = load_fleet(td.pk), int(time.time()) - 10
    for word in (0, 1 << ORD.bit):
        recording.record_alarm_word(found, bytes(meter().mac_address), word, now, 0, no_fence)
        now += 1
    assert watch(seconds=1) == 1
    assert made()[0].meter_id == meter().pk


def test_an_engine_that_plans_runs_the_rule(td):
    edge()
    engine = Engine(field_of((td, device(td, 3))), Options(plan_every=0.1, poll=60))
    thread = threading.Thread(target=engine.run)
    thread.start()
    try:
        wait_until(lambda: len(made()) == 1)
    finally:
        engine.stop()
        thread.join(30)
    assert not thread.is_alive()


def test_two_workers_that_look_at_once_make_one_order(td):
    for number in (1, 2, 3):
        edge(number)
    start, counts = threading.Barrier(4), []

    def look() -> None:
        try:
            start.wait(30)
            counts.append(watch())
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(counts), sum(counts), len(made())) == (4, 3, 3)


def test_who_looks_while_another_does_makes_nothing(td):
    edge()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('hes_clock_alarm'))")
        counts = []
        other = threading.Thread(target=lambda: (counts.append(watch()), connection.close()))
        other.start()
        other.join(60)
    assert counts == [0]
    assert watch() == 1


def test_the_looked_for_edge_is_found_by_an_index(td):
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT max(at) FROM end_device_event WHERE alarm = %s AND is_active"
            " AND company_id = 1 AND at > now() - interval '1 day' GROUP BY meter_id",
            [ORD.name],
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
    assert "alarm_at_idx" in plan
