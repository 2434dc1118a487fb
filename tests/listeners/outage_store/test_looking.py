"""Changes of power become outages in the database: whom they reach, when, and each told once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from devices.models import MeterInstallation
from devices.outbox.layouts import HEADERS
from devices.parameters import change
from listeners.models import Interruption, Outage, OutageStep, PowerSource, Storm
from tests.factories import fleets, networks
from tests.factories.exported import drained
from tests.factories.networks import World, events, span, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    made = networks.world()
    made.site(made.substation(), meters=10)
    return made


def test_a_dark_concentrator_takes_its_transformer_and_all_customers_with_it(world: World) -> None:
    world.off([world.sites[0].concentrator], 0)
    world.look(30)
    assert told() == []  # it may be momentary
    world.look(60)
    assert told() == [("transformer", "TR-1", "open", 10, 10)]
    assert span(Outage.objects.get(), world) == (0, None)
    world.on([world.sites[0].concentrator], 1800)
    world.look(1810)
    assert told() == [("transformer", "TR-1", "closed", 10, 0)]
    assert span(Outage.objects.get(), world) == (0, 1800)
    assert Outage.objects.get().customer_seconds == 10 * 1800
    assert events() == [("OPENED", "transformer", "10"), ("CLOSED", "transformer", "10")]


def test_a_momentary_makes_no_outage_and_is_counted_as_such(world: World) -> None:
    world.off([world.sites[0].concentrator], 0)
    world.look(5)
    world.on([world.sites[0].concentrator], 40)
    world.look(90)
    assert told() == []
    assert events() == []
    assert Interruption.objects.filter(is_momentary=True).count() == 11
    assert world.look(200) == 0


def test_half_of_the_meters_are_the_transformer_and_the_others_join(world: World) -> None:
    meters = world.sites[0].meters
    world.off(meters[:5], 0)
    world.off(meters[5:8], 20)
    world.look(70)
    assert told() == [("transformer", "TR-1", "open", 5, 5)]
    world.look(90)
    assert told() == [("transformer", "TR-1", "open", 8, 8)]
    assert events() == [("OPENED", "transformer", "5")]


def test_fewer_are_outages_of_single_customers_and_wait_for_a_larger_one(world: World) -> None:
    world.off(world.sites[0].meters[:2], 0)
    world.look(100)
    assert told() == []
    world.look(120)
    assert [row[0] for row in told()] == ["meter", "meter"]
    line = fleets.lines("OUT")[0].split(";")
    meter = world.sites[0].meters[0]
    assert line[:3] == ["TD-1", meter.serial_number, "POD1001"]
    assert line[3:5] == ["SE-1", "TR-1"]


def test_single_outages_are_merged_when_the_transformer_follows(world: World) -> None:
    meters = world.sites[0].meters
    world.off(meters[:2], 0)
    world.look(130)
    world.off(meters[2:], 200)
    world.look(270)
    outage = Outage.objects.get(level="transformer")
    assert (outage.customers, span(outage, world)) == (10, (0, None))
    assert set(Outage.objects.filter(level="meter").values_list("state", "parent_id")) == {
        ("merged", outage.pk)
    }
    assert [event for event, *_ in events()] == ["OPENED"] * 3 + ["MERGED"] * 2
    world.on(meters, 300)
    world.look(310)
    assert Outage.objects.get(level="transformer").customer_seconds == 2 * 300 + 8 * 100


def test_a_partial_restoration_is_a_step_and_the_last_ones_keep_an_outage_of_their_own(
    world: World,
) -> None:
    meters = world.sites[0].meters
    world.off(meters, 0)
    world.look(60)
    world.on(meters[:6], 600)
    world.look(610)
    assert told() == [("transformer", "TR-1", "open", 10, 4)]
    change(world.owner, "outage_close_share", "20")
    world.on(meters[6:9], 900)
    world.look(910)
    assert told() == [
        ("transformer", "TR-1", "closed", 10, 0),
        ("meter", meters[9].serial_number, "open", 1, 1),
    ]
    larger, nested = Outage.objects.order_by("pk")
    assert (span(larger, world), larger.customer_seconds) == ((0, 900), 6 * 600 + 4 * 900)
    assert (span(nested, world), nested.nested_in_id) == ((0, None), larger.pk)
    steps = OutageStep.objects.filter(outage=larger).order_by("pk")
    assert list(steps.values_list("kind", "customers_out")) == [
        ("opened", 10),
        ("restored", 4),
        ("restored", 1),
        ("closed", 0),
    ]


def test_a_meter_that_said_itself_that_it_is_dark_stays_so_when_its_concentrator_returns(
    world: World,
) -> None:
    site = world.sites[0]
    world.off([site.concentrator], 0)
    world.off(site.meters[:1], 2)
    world.look(60)
    world.on([site.concentrator], 600)
    change(world.owner, "outage_close_share", "20")
    world.look(610)
    assert told() == [
        ("transformer", "TR-1", "closed", 10, 0),
        ("meter", site.meters[0].serial_number, "open", 1, 1),
    ]


def test_several_transformers_are_one_outage_of_their_substation_told_once() -> None:
    world = networks.world()
    substation = world.substation()
    sites = [world.site(substation, meters=4) for _ in range(3)]
    world.off([site.concentrator for site in sites[:2]], 0)
    world.look(60)
    assert told() == [("substation", "SE-1", "open", 8, 8)]
    world.off([sites[2].concentrator], 100)
    world.look(160)
    assert told() == [("substation", "SE-1", "open", 12, 12)]
    world.on([site.concentrator for site in sites], 1000)
    world.look(1010)
    assert events() == [("OPENED", "substation", "8"), ("CLOSED", "substation", "12")]


def test_an_outage_of_a_transformer_goes_on_in_that_of_its_substation() -> None:
    world = networks.world()
    substation = world.substation()
    sites = [world.site(substation, meters=4) for _ in range(2)]
    world.off([sites[0].concentrator], 0)
    world.look(70)
    world.off([sites[1].concentrator], 100)
    world.look(170)
    assert [row[:3] for row in told()] == [
        ("transformer", "TR-1", "merged"),
        ("substation", "SE-1", "open"),
    ]
    assert Outage.objects.get(level="substation").customers == 8


def test_without_a_transformer_the_concentrator_stands_for_it() -> None:
    world = networks.world()
    site = world.site(None, meters=3)
    world.off([site.concentrator], 0)
    world.look(60)
    assert told() == [("concentrator", "TD-1", "open", 3, 3)]


def test_one_of_two_concentrators_of_a_transformer_may_be_out_alone() -> None:
    world = networks.world()
    substation = world.substation()
    site = world.site(substation, meters=4)
    other = world.concentrator(site.transformer, substation, 77)
    fleets.meters(other, 8, first=77_001)
    world.off([site.concentrator], 0)
    world.look(60)
    assert told() == [("concentrator", "TD-1", "open", 4, 4)]
    world.off([other], 100)
    world.look(160)
    assert told() == [
        ("concentrator", "TD-1", "merged", 4, 0),
        ("transformer", "TR-1", "open", 12, 12),
    ]


def test_customers_are_meters_with_a_pod_at_the_time(world: World) -> None:
    gone = world.sites[0].meters[0]
    MeterInstallation.objects.filter(meter=gone).delete()
    world.off([world.sites[0].concentrator], 0)
    world.look(60)
    outage = Outage.objects.get()
    assert (outage.meters, outage.customers) == (10, 9)


def test_an_outage_without_customers_has_no_minutes_rather_than_unknown_ones(world: World) -> None:
    MeterInstallation.objects.all().delete()
    world.off([world.sites[0].concentrator], 0)
    world.on([world.sites[0].concentrator], 1800)
    world.look(4000)
    assert (Outage.objects.get().customers, Outage.objects.get().customer_seconds) == (0, 0)


def test_an_outage_that_is_heard_of_when_it_is_over_is_opened_and_closed(world: World) -> None:
    world.off([world.sites[0].concentrator], 0)
    world.on([world.sites[0].concentrator], 1800)
    world.look(4000)
    outage = Outage.objects.get()
    assert (outage.state, span(outage, world)) == ("closed", (0, 1800))
    assert [event for event, *_ in events()] == ["OPENED", "CLOSED"]


def test_in_a_storm_single_customers_wait_until_it_is_over(world: World) -> None:
    change(world.owner, "storm_rate", "3")
    change(world.owner, "outage_share", "90")
    now = (datetime.now(UTC) - world.begin).total_seconds()
    world.off(world.sites[0].meters[:4], now - 500)  # recorded now: four losses in a minute
    world.look(now)
    assert (Storm.objects.filter(until=None).count(), told()) == (1, [])
    world.look(now + 50)
    assert told() == []
    world.look(now + 62)
    assert Storm.objects.filter(until=None).count() == 0
    assert [row[0] for row in told()] == ["meter"] * 4


def test_large_outages_are_told_in_a_storm_too(world: World) -> None:
    change(world.owner, "storm_rate", "3")
    now = (datetime.now(UTC) - world.begin).total_seconds()
    world.off([*world.sites[0].meters[:6]], now - 500)
    world.look(now)
    assert Storm.objects.filter(until=None).count() == 1
    assert [row[0] for row in told()] == ["transformer"]


def test_a_return_that_is_still_on_its_way_is_waited_for(world: World) -> None:
    change(world.owner, "outage_return_delay", "150")
    world.off([world.sites[0].concentrator], 0)
    world.look(170)
    assert told() == []
    world.tell([world.sites[0].concentrator], False, 40)  # heard after 139 s more
    world.look(179)
    assert told() == []
    world.off([world.sites[0].concentrator], 300)
    world.look(509)
    assert told() == []
    world.look(510)
    assert told() == [("transformer", "TR-1", "open", 10, 10)]


def test_what_restored_it_is_kept(world: World) -> None:
    world.off([world.sites[0].concentrator], 0)
    world.look(60)
    world.on([world.sites[0].concentrator], 500, PowerSource.ANSWER)
    world.look(510)
    assert Outage.objects.get().restored_by == "answer"
    assert fleets.lines("OUT")[-1].endswith(";answer")


def test_nothing_crosses_companies(world: World) -> None:
    other = networks.world(code="other")
    site = other.concentrator(None, None, 99)
    meters = fleets.meters(site, 3, first=99_001)
    world.off([world.sites[0].concentrator], 0)
    other.off([site], 0)
    world.look(60)
    found = Outage.objects.order_by("pk").values_list("company__code", "customers")
    assert sorted(found) == [("demo", 10), ("other", len(meters))]


def test_the_daily_file_holds_what_was_told(world: World, tmp_path: Path) -> None:
    world.off([world.sites[0].concentrator], 0)
    world.look(60)
    world.on([world.sites[0].concentrator], 600)
    world.look(610)
    told_lines = fleets.lines("OUT")
    assert len(told_lines) == 2
    assert drained(tmp_path, "OUT") == told_lines
    [file] = tmp_path.rglob("OUT_*.csv")
    assert file.name == f"OUT_{world.begin.date()}.csv"
    assert file.read_text().splitlines()[0] == HEADERS["OUT"]
