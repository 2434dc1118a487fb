"""The worked example of docs/outages.md, as printed there."""

import pytest

from devices.parameters import change
from listeners.models import Outage
from listeners.outage_store import records
from tests.factories import networks
from tests.factories.networks import World, events

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    made = networks.world()
    change(made.owner, "outage_return_delay", "150")
    substation = made.substation()
    for meters in (10, 10, 8, 8):
        made.site(substation, meters)
    return made


def suspected(world: World) -> list[str]:
    return sorted(one["transformer"] for one in records.suspected(world.owner.pk))


def test_the_worked_example(world: World) -> None:
    tr_1, tr_2, tr_3, _ = world.sites
    world.off([tr_1.concentrator], 0)
    world.off([tr_2.concentrator], 20)
    world.off([tr_3.concentrator], 30)
    world.look(35)
    assert suspected(world) == ["TR-1", "TR-2", "TR-3"]
    world.on([tr_3.concentrator], 50)  # heard at 189
    world.look(189)
    assert (suspected(world), events()) == (["TR-1", "TR-2"], [])
    world.look(210)
    assert events() == [("OPENED", "transformer", "10")]
    world.look(230)
    assert events()[1:] == [("OPENED", "substation", "20"), ("MERGED", "transformer", "10")]
    world.off(tr_2.meters[:1], 2430)
    world.look(2435)
    world.on([tr_1.concentrator, tr_2.concentrator], 2400)  # heard at 2539
    world.look(2539)
    assert events()[3:] == [("CLOSED", "substation", "20"), ("OPENED", "meter", "1")]
    larger = Outage.objects.get(level="substation")
    assert networks.span(larger, world) == (0, 2400)
    assert round(larger.customer_seconds / 60, 2) == 796.67
    left_over = Outage.objects.get(level="meter")
    assert (networks.span(left_over, world), left_over.nested_in_id) == ((20, None), larger.pk)
