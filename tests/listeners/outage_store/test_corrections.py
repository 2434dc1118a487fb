"""Whoever comes second with an earlier end is believed: outage, customers, day and line follow."""

from datetime import UTC, datetime

import pytest

from devices.models import ConcentratorStatus, MeterInstallation
from devices.parameters import change
from devices.protocol.spontaneous import Kind
from listeners import outage_store
from listeners.models import (
    ConcentratorPower,
    Interruption,
    Outage,
    OutageDay,
    OutageStep,
    PowerSource,
)
from listeners.outage_store import answers, figures
from tests.factories import fleets, networks, spoken
from tests.factories.networks import World, events, span, told
from tests.factories.spoken import NOW, heard, said

pytestmark = pytest.mark.django_db(transaction=True)
ANSWER, ORDER = PowerSource.ANSWER, PowerSource.ORDER


@pytest.fixture
def world() -> World:
    made = networks.world()
    made.site(made.substation(), meters=10)
    return made


def closed_by(world: World, source: PowerSource, at: float = 900) -> None:
    """The concentrator's outage, from 0."""
    world.off([world.sites[0].concentrator], 0)
    world.look(60)
    world.on([world.sites[0].concentrator], at, source)
    world.look(at + 5)


@pytest.mark.parametrize("source", [ANSWER, ORDER])
def test_the_devices_own_stamp_corrects_the_end(world: World, source: PowerSource) -> None:
    closed_by(world, source)
    before = Outage.objects.get()
    assert (span(before, world), before.customer_seconds) == ((0, 900), 9000)
    world.on([world.sites[0].concentrator], 800, heard=939)
    assert world.look(940) > 0
    outage = Outage.objects.get()
    assert (span(outage, world), outage.customer_seconds) == ((0, 800), 8000)
    assert (outage.restored_by, outage.closed_at) == ("gasp", before.closed_at)
    assert set(Interruption.objects.values_list("ended_at", flat=True)) == {world.at(800)}
    assert ConcentratorPower.objects.get().since == world.at(800)
    assert world.look(941) == 0


def test_it_is_told_as_a_step_and_a_line(world: World) -> None:
    closed_by(world, ANSWER)
    world.on([world.sites[0].concentrator], 800, heard=939)
    world.look(940)
    assert [event for event, *_ in events()] == ["OPENED", "CLOSED", "CORRECTED"]
    cells = [line.split(";") for line in fleets.lines("OUT")]
    assert [cell[12:] for cell in cells[1:]] == [
        ["0", "150.00", "", "answer"],
        ["0", "133.33", "", "gasp"],
    ]
    step = OutageStep.objects.latest("pk")
    assert (step.kind, step.at, step.known_at) == ("corrected", world.at(800), world.at(940))


def test_the_day_is_counted_again(world: World) -> None:
    closed_by(world, ANSWER)
    figures.refresh(world.at(86_400))
    world.on([world.sites[0].concentrator], 800, heard=939)
    world.look(86_405)
    assert OutageDay.objects.get(day=world.begin.date()).counted_at is None
    figures.refresh(world.at(86_410))
    assert OutageDay.objects.get(day=world.begin.date()).customer_seconds == 8000


def test_a_meter_corrects_its_own_end_alone(world: World) -> None:
    meters = world.sites[0].meters
    world.off(meters, 0)
    world.look(60)
    world.on(meters[:5], 600, ORDER)
    world.look(605)
    world.on(meters[:1], 500, heard=639)
    world.look(640)
    assert events() == [("OPENED", "transformer", "10")], "it is not over yet"
    world.on(meters[5:], 900)
    world.look(905)
    assert Outage.objects.get().customer_seconds == 500 + 4 * 600 + 5 * 900
    world.on(meters[1:2], 400, heard=939)
    world.look(940)
    assert Outage.objects.get().customer_seconds == 500 + 400 + 3 * 600 + 5 * 900
    assert events()[1:] == [("CLOSED", "transformer", "10"), ("CORRECTED", "transformer", "10")]


def test_a_return_of_the_concentrator_corrects_meters_that_orders_found_lit(world: World) -> None:
    site = world.sites[0]
    world.off([site.concentrator], 0)
    world.look(60)
    world.on(site.meters[:3], 600, ORDER)
    world.look(605)
    world.on([site.concentrator], 500, heard=639)
    world.look(640)
    outage = Outage.objects.get()
    assert (span(outage, world), outage.customer_seconds) == ((0, 500), 5000)
    assert events()[1:] == [("CLOSED", "transformer", "10")], "it was told rightly at once"


def test_where_nothing_that_was_told_changes_nothing_is_told(world: World) -> None:
    meters = world.sites[0].meters
    MeterInstallation.objects.filter(meter=meters[0]).delete()
    world.off(meters, 0)
    world.look(60)
    world.on(meters[:1], 600, ORDER)
    world.on(meters[1:], 900)
    world.look(905)
    world.on(meters[:1], 500, heard=939)
    assert world.look(940) > 0
    assert Interruption.objects.get(meter_id=meters[0].pk).ended_at == world.at(500)
    assert [event for event, *_ in events()] == ["OPENED", "CLOSED"]


@pytest.mark.parametrize(("stamp", "why"), [(-5, "before the loss"), (950, "later")])
def test_a_stamp_outside_of_the_interruption_corrects_nothing(
    world: World, stamp: float, why: str
) -> None:
    closed_by(world, ANSWER)
    world.on([world.sites[0].concentrator], stamp, heard=1000)
    world.look(1001)
    assert span(Outage.objects.get(), world) == (0, 900), why
    assert [event for event, *_ in events()] == ["OPENED", "CLOSED"]


def test_what_the_device_itself_said_stands(world: World) -> None:
    closed_by(world, PowerSource.GASP)
    world.on([world.sites[0].concentrator], 800, heard=939)
    world.look(940)
    assert span(Outage.objects.get(), world) == (0, 900)


def test_who_was_left_over_is_counted_up_to_the_corrected_end(world: World) -> None:
    site = world.sites[0]
    world.off([site.concentrator], 0)
    world.off(site.meters[:1], 2)
    world.look(60)
    change(world.owner, "outage_close_share", "20")
    world.on([site.concentrator], 900, ANSWER)
    world.look(905)
    larger, nested = Outage.objects.order_by("pk")
    assert (larger.customer_seconds, nested.nested_in_id) == (9 * 900 + 898, larger.pk)
    world.on([site.concentrator], 800, heard=939)
    world.look(940)
    larger.refresh_from_db()
    assert (span(larger, world), larger.customer_seconds) == ((0, 800), 9 * 800 + 798)
    assert told("meter") == [("meter", site.meters[0].serial_number, "open", 1, 1)]


def test_an_outage_that_was_momentary_in_truth_stays_told_and_counts_as_such(world: World) -> None:
    closed_by(world, ANSWER)
    world.on([world.sites[0].concentrator], 20, heard=939)
    world.look(940)
    assert span(Outage.objects.get(), world) == (0, 20)
    figures.refresh(world.at(950))
    found = OutageDay.objects.get()
    assert (found.interruptions, found.momentaries, found.customer_seconds) == (0, 10, 0)


def test_a_loss_that_no_outage_explained_yet_is_judged_by_its_true_end(world: World) -> None:
    world.off(world.sites[0].meters[:1], 0)
    world.on(world.sites[0].meters[:1], 70, ORDER)
    world.look(75)
    world.on(world.sites[0].meters[:1], 30, heard=100)
    world.look(400)
    assert (told(), Interruption.objects.get().is_momentary) == ([], True)


def test_a_correction_of_one_company_leaves_the_others_alone(world: World) -> None:
    other = networks.world(code="other")
    td = other.concentrator(None, None, 99)
    fleets.meters(td, 3, first=99_001)
    other.off([td], 0)
    other.on([td], 900, ANSWER)
    closed_by(world, ANSWER)
    world.on([world.sites[0].concentrator], 800, heard=939)
    world.look(940)
    spans = {one.company.code: span(one, world) for one in Outage.objects.all()}
    assert spans == {"demo": (0, 800), "other": (0, 900)}


def test_a_visit_finds_power_back_before_the_datagram_of_the_return_comes() -> None:
    """The road of a real return: heard 139 s after its stamp, and a visit was quicker."""
    td = spoken.concentrator()
    fleets.meters(td, 4)
    heard(said(Kind.CONCENTRATOR_OFF))
    look_at(300)
    ConcentratorStatus.objects.update_or_create(
        concentrator=td, defaults={"last_contact": instant(400)}
    )
    assert answers.hear() == 1
    look_at(401)
    assert (Outage.objects.get().until, Outage.objects.get().restored_by) == (
        instant(400),
        "answer",
    )
    heard(said(Kind.CONCENTRATOR_ON, NOW + 300), at=NOW + 439)
    look_at(440)
    outage = Outage.objects.get()
    assert (outage.until, outage.restored_by) == (instant(300), "gasp")
    assert outage.customer_seconds == 4 * 300


def instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(NOW + seconds, UTC)


def look_at(seconds: int) -> None:
    while outage_store.look(instant(seconds)):
        pass
