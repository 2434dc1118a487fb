"""Figures per civil day of the company."""

from datetime import UTC, datetime, timedelta

import pytest

from listeners.models import OutageDay
from listeners.outage_store import figures
from tests.factories import fleets, networks
from tests.factories.networks import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    made = networks.world()
    made.site(made.substation(), meters=10)
    return made


def day(made: World, offset: int = 0) -> OutageDay:
    return OutageDay.objects.get(day=made.begin.date() + timedelta(days=offset))


def test_customers_times_minutes_of_a_day(world: World) -> None:
    world.off([world.sites[0].concentrator], 0)
    world.look(60)
    world.on([world.sites[0].concentrator], 1800)
    world.off(world.sites[0].meters[:1], 3000)
    world.on(world.sites[0].meters[:1], 3030)
    world.look(4000)
    assert figures.refresh(world.at(4000)) == 1
    found = day(world)
    assert (found.customers, found.interruptions, found.momentaries) == (10, 10, 1)
    assert (found.customer_seconds, found.outages) == (18_000, 1)


def test_an_outage_over_midnight_is_cut_there_in_the_zone_of_the_company() -> None:
    world = networks.world("America/Santiago")
    world.site(world.substation(), meters=2)
    world.begin = datetime.now(UTC).replace(hour=2, minute=0, second=0, microsecond=0)
    world.off([world.sites[0].concentrator], 0)  # 23:00 of the day before, UTC-3
    world.on([world.sites[0].concentrator], 7200)
    world.look(8000)
    figures.refresh(world.at(8000))
    rows = OutageDay.objects.order_by("day")
    assert [(row.interruptions, row.customer_seconds) for row in rows] == [(2, 7200), (0, 7200)]


def test_a_running_outage_counts_up_to_now_and_a_day_once_more_when_it_has_ended(
    world: World,
) -> None:
    world.off([world.sites[0].concentrator], 0)
    world.look(60)
    assert figures.refresh(world.at(600)) == 1
    assert day(world).customer_seconds == 6000
    assert figures.refresh(world.at(630)) == 0
    assert figures.refresh(world.at(660)) == 1
    assert figures.refresh(world.at(12 * 3600 + 10)) == 2  # midnight has passed
    assert (day(world).customer_seconds, day(world, 1).customer_seconds) == (432_000, 100)
    assert figures.refresh(world.at(12 * 3600 + 20)) == 0


def test_what_is_heard_of_late_marks_its_day(world: World) -> None:
    figures.refresh(world.at(0))
    world.off([world.sites[0].concentrator], -86_400)
    world.on([world.sites[0].concentrator], -82_800)
    world.look(10)
    assert figures.refresh(world.at(10)) == 2
    assert (day(world, -1).customer_seconds, day(world).customer_seconds) == (36_000, 0)


def test_a_quiet_day_has_a_row_too(world: World) -> None:
    figures.refresh(world.at(0))
    [found] = figures.of_days(world.owner.pk, fleets.today(), fleets.today())
    assert (found["customers"], found["saidi"], found["outages"]) == (10, 0.0, 0)
