"""Bellwethers are asked by orders of a rule, with a pause that grows, few of them in a storm."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection

from devices.choices import ConcentratorState
from devices.models import Concentrator
from devices.parameters import change
from listeners.models import Finding, MeterPower, Outage, OutageCheck, OutageStep, Storm
from listeners.outage_store import checks, findings
from tests.factories import networks
from tests.factories.networks import World, told
from workorders import invariants
from workorders.models import WorkOrder
from workorders.planning import ensure_partitions

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    made = networks.world()
    ensure_partitions(made.begin.date())
    made.begin = datetime.now(networks.UTC) - timedelta(minutes=10)
    made.site(made.substation(), meters=10)
    return made


def dark_site(world: World) -> Outage:
    world.off(world.sites[0].meters, 0)
    world.look(60)
    return Outage.objects.get()


def end_all(code: str, state: str = "done", at: datetime | None = None) -> None:
    moment = at or datetime.now(networks.UTC)
    WorkOrder.objects.filter(ended_at=None).update(state=state, result_code=code, ended_at=moment)


ANSWERED, SILENT = "3.26.17.16", "3.26.17.85"


def test_three_dark_meters_of_an_outage_are_asked_once(world: World) -> None:
    outage = dark_site(world)
    now = world.at(600)
    assert (checks.ask(now), checks.ask(now)) == (3, 0)
    orders = WorkOrder.objects.order_by("pk")
    assert {(o.kind, o.source, o.requested_by, o.state) for o in orders} == {
        ("outage_check", "rule", "rule:outages", "queued")
    }
    assert set(OutageCheck.objects.values_list("outage_id", "round")) == {(outage.pk, 1)}
    assert invariants.broken() == []


def test_the_pause_doubles_up_to_its_cap_and_other_meters_come_in_turn(world: World) -> None:
    dark_site(world)
    change(world.owner, "outage_check_pause", "100")
    change(world.owner, "outage_check_pause_cap", "150")
    moments = []
    for seconds in range(600, 1200, 10):
        if checks.ask(world.at(seconds)):
            moments.append(seconds)
            end_all(SILENT)
            findings.take()
    assert moments == [600, 700, 850, 1000, 1150]
    assert OutageCheck.objects.values("meter_id").distinct().count() > 3


def test_who_answers_is_lit_and_the_step_says_so(world: World) -> None:
    outage = dark_site(world)
    checks.ask(world.at(600))
    first = WorkOrder.objects.order_by("pk").first()
    WorkOrder.objects.filter(pk=first.pk).update(
        state="done", result_code=ANSWERED, ended_at=world.at(600)
    )
    end_all(SILENT)
    assert (findings.take(), findings.take()) == (3, 0)
    world.look(605)
    outage.refresh_from_db()
    assert (outage.customers, outage.customers_out, outage.state) == (10, 9, "open")
    step = OutageStep.objects.get(kind="checked")
    assert step.text == "bellwethers: 1 answered, 2 silent"


def test_silent_bellwethers_make_an_outage_of_a_suspicion(world: World) -> None:
    world.off(world.sites[0].meters[:3], 540)
    world.look(601)
    assert told() == []
    change(world.owner, "outage_window", "3600")
    assert checks.ask(world.at(601)) == 3
    asked = set(OutageCheck.objects.values_list("meter_id", flat=True))
    assert not asked & {meter.pk for meter in world.sites[0].meters[:3]}
    end_all(SILENT)
    assert findings.take() == 3
    assert MeterPower.objects.filter(is_dark=True).count() == 6
    world.look(700)
    assert told() == [("transformer", "TR-1", "open", 6, 6)]


def test_a_suspicion_that_becomes_an_outage_keeps_its_pause(world: World) -> None:
    world.off(world.sites[0].meters[:3], 540)
    world.look(601)
    assert checks.ask(world.at(601)) == 3
    world.off(world.sites[0].meters[3:6], 600)
    world.look(700)
    assert told() == [("transformer", "TR-1", "open", 6, 6)]
    end_all(SILENT)
    findings.take()
    assert [checks.ask(world.at(seconds)) for seconds in (700, 900, 901)] == [0, 0, 3]
    assert set(OutageCheck.objects.values_list("round", flat=True)) == {1, 2}


def test_bellwethers_that_answer_leave_it_at_single_customers(world: World) -> None:
    world.off(world.sites[0].meters[:3], 540)
    world.look(601)
    checks.ask(world.at(601))
    end_all(ANSWERED)
    findings.take()
    world.look(700)
    assert [row[0] for row in told()] == ["meter"] * 3


def test_an_order_without_an_answer_about_the_meter_says_nothing(world: World) -> None:
    dark_site(world)
    checks.ask(world.at(600))
    end_all("", state="expired")
    findings.take()
    assert set(OutageCheck.objects.values_list("finding", flat=True)) == {Finding.NONE}
    assert MeterPower.objects.filter(is_dark=True).count() == 10


def test_in_a_storm_only_a_few_are_open_at_once(world: World) -> None:
    dark_site(world)
    Storm.objects.create(company=world.owner, since=world.begin)
    change(world.owner, "outage_check_storm_cap", "2")
    assert (checks.ask(world.at(600)), checks.ask(world.at(600))) == (2, 0)


@pytest.mark.parametrize("setting", ["off", "stopped"])
def test_nobody_is_asked_where_it_is_off_or_cannot_be(world: World, setting: str) -> None:
    dark_site(world)
    if setting == "off":
        change(world.owner, "outage_checks", "0")
    else:
        Concentrator.objects.update(state=ConcentratorState.REMOVED)
    assert checks.ask(world.at(600)) == 0


def test_two_processes_ask_once(world: World) -> None:
    dark_site(world)
    made: list[int] = []

    def ask() -> None:
        made.append(checks.ask(world.at(600)))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(made) == WorkOrder.objects.count() == 3
