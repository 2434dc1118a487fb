"""nrn of meters over collection cycles, and the lines of its flips (design 7)."""

from pathlib import Path

from devices.fleet import Fleet
from devices.models import CollectionCycle, EndDeviceEvent
from devices.recording import record_last
from hes.domain.events import EventKind
from tests.factories import fleets
from tests.factories.exported import form
from tests.factories.fleets import batch, no_fence, run

SAMPLE = Path(__file__).parents[2] / "samples" / "LPE_2021-04-10.csv"


def collect(fleet: Fleet, cycle: int, *seen: int, **options: bool) -> None:
    record_last(fleet, None, no_fence, fleets.end(cycle=cycle, seen=seen, **options))


def standing(fleet: Fleet, number: int) -> tuple[object, ...]:
    meter_id = fleet.meters[fleets.mac(number)].id
    return fleets.statistics(meter_id, "missed_contacts", "is_reachable")


def test_a_meter_that_misses_forty_one_cycles_becomes_unreachable_and_comes_back(
    fleet: Fleet,
) -> None:
    for cycle in range(1, 41):
        collect(fleet, cycle, 2)
    assert standing(fleet, 1) == (40, True)
    assert fleets.lines("LPE") == []
    for cycle in (41, 42):
        collect(fleet, cycle, 2)
    assert standing(fleet, 1) == (42, False)
    assert standing(fleet, 2) == (0, True)
    collect(fleet, 43, 1, 2)
    assert standing(fleet, 1) == (0, True)

    lost, back = fleets.lines("LPE")
    printed = {form(line) for line in SAMPLE.read_text().splitlines()[1:]}
    assert {form(lost), form(back)} == printed
    assert (lost.split(";")[3], back.split(";")[3]) == ("3.1.0.85", "3.1.0.49")
    kinds = EndDeviceEvent.objects.order_by("id").values_list("kind", "usage_point_name")
    assert list(kinds) == [
        (EventKind.METER_UNREACHABLE, "POD1"),
        (EventKind.METER_REACHABLE, "POD1"),
    ]


def test_a_cycle_counts_once_however_often_it_is_collected(fleet: Fleet) -> None:
    for _ in range(3):
        collect(fleet, 7, 2)
    assert standing(fleet, 1) == (1, True)


def test_backfill_moves_the_cycle_and_no_nrn(fleet: Fleet) -> None:
    collect(fleet, 7, 2, counts_nrn=False)
    assert standing(fleet, 1) == (0, True)
    assert CollectionCycle.objects.get().cycle == 7


def test_a_lower_cycle_is_a_restart_an_event_and_no_nrn(fleet: Fleet) -> None:
    collect(fleet, 7, 1, 2)
    collect(fleet, 3, 2)
    assert standing(fleet, 1) == (0, True)
    assert CollectionCycle.objects.get().cycle == 3
    assert EndDeviceEvent.objects.get().kind == EventKind.TABLE_RESTARTED
    assert fleets.lines("LPE") == []
    collect(fleet, 4, 2)
    assert standing(fleet, 1) == (1, True)


def test_readers_of_one_table_have_cycles_of_their_own(fleet: Fleet) -> None:
    for reader in ("daily_closure", "status_words"):
        record_last(fleet, None, no_fence, fleets.end(reader, 5))
    assert CollectionCycle.objects.count() == 2


def test_the_slot_closes_in_the_same_transaction(fleet: Fleet) -> None:
    closed: list[int] = []
    end = fleets.end(seen=[1])
    object.__setattr__(end, "close", lambda cursor: closed.append(cursor.rowcount))
    tally = record_last(fleet, batch(run(1)), no_fence, end)
    assert (tally.lines["S"], len(closed)) == (96, 1)


def test_meters_that_are_not_asked_are_not_missed(fleet: Fleet) -> None:
    for meter in fleet.meters.values():
        object.__setattr__(meter, "measurands", frozenset())
    record_last(fleet, None, no_fence, fleets.end("measurands", 1))
    assert standing(fleet, 1) == (0, True)


def test_meters_in_commissioning_are_not_missed(fleet: Fleet) -> None:
    object.__setattr__(fleet.meters[fleets.mac(1)], "is_commissioned", False)
    collect(fleet, 1)
    assert (standing(fleet, 1), standing(fleet, 2)) == ((0, True), (1, True))
