"""Whoever answers has power again."""

from datetime import timedelta

import pytest

from devices.models import ConcentratorStatus, MeterStatistics
from listeners.models import MeterPower, Outage
from listeners.outage_store import answers
from tests.factories import networks
from tests.factories.networks import World, span

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    made = networks.world()
    made.site(made.substation(), meters=4)
    return made


def test_a_concentrator_that_was_reached_is_lit_and_its_outage_over(world: World) -> None:
    td = world.sites[0].concentrator
    world.off([td], 0)
    world.look(60)
    ConcentratorStatus.objects.update_or_create(
        concentrator=td, defaults={"last_contact": world.at(300)}
    )
    assert (answers.hear(), answers.hear()) == (1, 0)
    world.look(310)
    outage = Outage.objects.get()
    assert (outage.state, outage.restored_by, span(outage, world)) == ("closed", "answer", (0, 300))


def test_a_contact_before_the_loss_says_nothing(world: World) -> None:
    td = world.sites[0].concentrator
    ConcentratorStatus.objects.update_or_create(
        concentrator=td, defaults={"last_contact": world.at(-1)}
    )
    world.off([td], 0)
    assert answers.hear() == 0


@pytest.mark.parametrize(("column", "seconds", "lit"), [
    ("last_lp_02", 900, 1), ("last_current_data", 10, 1), ("last_lp_02", 0, 0),
    ("last_contact", 900, 0),  # collected data may be of the time before
])  # fmt: skip
def test_a_meter_is_lit_by_data_of_a_later_instant(
    world: World, column: str, seconds: int, lit: int
) -> None:
    meter = world.sites[0].meters[0]
    world.off([meter], 0)
    MeterStatistics.objects.update_or_create(
        meter=meter, defaults={column: world.begin + timedelta(seconds=seconds)}
    )
    assert answers.hear() == lit
    assert MeterPower.objects.get().is_dark is not bool(lit)
