"""A look may be killed anywhere, and several processes may look: the outages are the same."""

import threading

import pytest
from django.db import connection, transaction

from devices.models import Substation
from listeners import outage_store
from listeners.cursors import ForeignCluster
from listeners.models import Interruption, ListenerCursor, Outage
from listeners.outage_store import changes, looking
from tests.factories import fleets, networks
from tests.factories.networks import World, events, told

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    made = networks.world()
    for number in range(4):
        made.site(made.substation(f"SE-{number}"), meters=5)
    return made


def test_looks_at_the_same_time_open_every_outage_once(world: World) -> None:
    world.off([site.concentrator for site in world.sites], 0)
    faults: list[BaseException] = []

    def look() -> None:
        try:
            for seconds in range(60, 70):
                world.look(seconds)
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert sorted(row[1] for row in told()) == ["TR-1", "TR-2", "TR-3", "TR-4"]
    assert len(events()) == 4


@pytest.mark.parametrize("place", ["apply", "count", "tell", "close"])
def test_what_dies_in_the_middle_leaves_nothing_and_the_next_look_does_it_all(
    world: World, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    world.off([world.sites[0].concentrator], 0)
    world.on([world.sites[0].concentrator], 900)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(looking, place, killed)
        with pytest.raises(KeyboardInterrupt):
            world.look(1000)
    assert (Interruption.objects.count(), Outage.objects.count(), events()) == (0, 0, [])
    world.look(1001)
    assert told() == [("transformer", "TR-1", "closed", 5, 0)]
    assert [event for event, *_ in events()] == ["OPENED", "CLOSED"]


def test_another_look_finds_nothing_new(world: World) -> None:
    world.off([world.sites[0].concentrator], 0)
    assert world.look(60) > 0
    assert [world.look(60 + seconds) for seconds in range(3)] == [0, 0, 0]


def test_changes_that_are_still_being_committed_are_waited_for(world: World) -> None:
    world.off([world.sites[0].concentrator], 0)
    entered, leave = threading.Event(), threading.Event()

    def older() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")
            entered.set()
            leave.wait(10)
        connection.close()

    world.look(0)
    thread = threading.Thread(target=older)
    thread.start()
    entered.wait(10)
    world.off([world.sites[1].concentrator], 1)
    world.look(100)
    assert [row[1] for row in told()] == ["TR-1"]
    leave.set()
    thread.join()
    world.look(101)
    assert [row[1] for row in told()] == ["TR-1", "TR-2"]


def test_a_position_of_another_cluster_is_refused(world: World) -> None:
    world.look(0)
    ListenerCursor.objects.filter(reader=changes.READER).update(system_identifier=1)
    with pytest.raises(ForeignCluster, match="delete the row 'outages'"):
        world.look(1)


def test_a_name_that_tears_lines_keeps_the_outage_and_loses_its_line(world: World) -> None:
    Substation.objects.filter(name="SE-0").update(name="SE;0")
    world.off([world.sites[0].concentrator], 0)
    world.look(60)
    assert [row[1] for row in told()] == ["TR-1"]
    assert fleets.lines("OUT") == []


def test_a_company_that_is_gone_stops_nobody(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO power_change (company_id, meter_id, is_dark, at, source)"
            " VALUES (999999, 999999, true, %s, 'gasp')",
            [world.at(0)],
        )
    world.off([world.sites[0].concentrator], 0)
    world.look(300)
    assert [row[1] for row in told()] == ["TR-1"]


def test_the_duties_have_nothing_to_do_in_an_empty_system() -> None:
    fleets.make_partitions()
    duties = ("hear", "take", "look", "ask", "refresh")
    assert [getattr(outage_store, name)() for name in duties] == [0] * 5
