"""What broken devices send, from the simulated field to the lines of the daily files."""

import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from devices.choices import Activity
from devices.drivers.base import Limits, Period
from devices.models import AutodiscoveryConflict, Concentrator, ConcentratorStatus
from devices.parameters import change
from devices.simulator import faults
from devices.simulator.device import Fault
from devices.simulator.population import Fleet
from hes.domain.time import local_day
from tests.factories import fleets
from tests.factories.exported import drained
from tests.factories.simulated import listening, measured, provision, sampled, visit_all
from tests.factories.visits import due, lane, quick_company, states, visits

pytestmark = pytest.mark.django_db(transaction=True)
SANTIAGO = ZoneInfo("America/Santiago")
PATIENT = Limits(connect=5.0, exchange=5.0, visit=30.0)
MEGABYTE = 1024 * 1024
NOT_VALID = str(faults.bends.DATA_NOT_VALID)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "export"


@pytest.fixture
def day() -> Period:
    """The local day before yesterday: every interval that ends in it."""
    begin, end = local_day(fleets.today() - timedelta(days=2), SANTIAGO)
    return Period(begin + 1, end)


def visit(*made: Concentrator, window: Period) -> None:
    """Collect the load profile of a day, once more if it was collected before."""
    for td in made:
        due(td, ago=0, window=window)
    visit_all(PATIENT)


def test_devices_that_drip_flood_and_boast_cost_a_healthy_neighbour_nothing(
    root: Path, day: Period
) -> None:
    bad: dict[int, Fault] = {0: faults.Drip(), 1: faults.Flood(), 2: faults.Oversize()}
    fleet = Fleet.generate(1, 4, 3)
    owner = quick_company(SANTIAGO.key)
    change(owner, "slot_attempts", "1")
    installed = {fleet.concentrator(number).serial: [fault] for number, fault in bad.items()}
    with listening(fleet, installed) as field:
        made = provision(owner, fleet, field)
        with peak_memory() as peak:
            visit(*made, window=day)
    ended = {td.pk: visits(td)[0] for td in made}
    drip, flood, boast, healthy = (ended[td.pk] for td in made)
    assert (drip.outcome, flood.outcome) == ("unreachable", "garbled")
    assert (boast.outcome, healthy.outcome) == ("garbled", "done")
    assert [nrn(td) for td in made] == [1, 0, 0, 0]
    assert [states(td) for td in made] == [["failed"], ["failed"], ["failed"], ["done"]]
    assert all(lane(td).owner_id is None for td in made)
    assert healthy.ended_at < drip.ended_at
    assert max(each.received_bytes for each in ended.values()) < MEGABYTE
    assert peak() < 16 * MEGABYTE
    healthy_meters = fleet.concentrator(3).meters
    assert sampled(drained(root, "S")) == measured(healthy_meters, day.first - 1, day.last)


@contextmanager
def peak_memory() -> Iterator[Callable[[], int]]:
    """The most bytes that this process, engine and field, held at once beyond what it had."""
    tracemalloc.start()
    found: list[int] = []
    try:
        yield lambda: found[0]
        found.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def nrn(td: Concentrator) -> int:
    counts = ConcentratorStatus.objects.filter(pk=td.pk).values_list("missed_contacts", flat=True)
    return counts.first() or 0


def test_a_meter_that_two_concentrators_list_is_a_conflict_until_one_lets_it_go() -> None:
    fleet = Fleet.generate(1, 2, 2)
    owner = quick_company(SANTIAGO.key)
    greedy = fleet.concentrator(0).serial
    wanted = fleet.concentrator(1).meters[0]
    with listening(fleet, {greedy: [faults.DuplicateMeter(row=1)]}) as field:
        first, second = provision(owner, fleet, field)
        discover(first, second)
        told = AutodiscoveryConflict.objects.order_by("concentrator")
        assert [bytes(each.mac_address) for each in told] == [wanted.mac] * 2
        assert [each.meter.serial_number for each in told if each.meter] == [wanted.serial] * 2
        assert [(each.concentrator, each.associated_concentrator) for each in told] == [
            (first, second),
            (second, first),
        ]
        assert told[0].description == "Commissioned and reachable by another concentrator"
        assert told[1].description == "Recruited by another concentrator"
        field.device(greedy).guests = ()
        discover(first, second)
    assert not AutodiscoveryConflict.objects.exists()
    assert [states(td) for td in (first, second)] == [["done", "done"]] * 2


def discover(*made: Concentrator) -> None:
    """Read the node lists one after the other."""
    for td in made:
        due(td, Activity.AUTODISCOVERY, ago=0)
        visit_all(PATIENT)


def test_a_gap_that_is_filled_later_adds_exactly_the_missing_lines(root: Path, day: Period) -> None:
    fleet = Fleet.generate(1, 2, 3)
    owner = quick_company(SANTIAGO.key)
    holed = fleet.concentrator(0).serial
    expected = measured(fleet.meters, day.first - 1, day.last)
    with listening(fleet, {holed: [faults.Gaps()]}) as field:
        made = provision(owner, fleet, field)
        visit(*made, window=day)
        before = drained(root, "S")
        field.device(holed).distort = None
        for _ in range(2):
            visit(*made, window=day)
            after = drained(root, "S")
            assert after[: len(before)] == before
            assert sampled(after) == expected
    missing = sampled(after[len(before) :])
    assert {serial for serial, _ in missing} == {
        meter.serial for meter in fleet.concentrator(0).meters
    }
    assert len(set(after)) == len(after)


def test_a_bad_sample_that_becomes_good_leaves_once_more(root: Path, day: Period) -> None:
    fleet = Fleet.generate(1, 1, 3)
    owner = quick_company(SANTIAGO.key)
    serial = fleet.concentrator(0).serial
    with listening(fleet, {serial: [faults.BadStatus()]}) as field:
        (td,) = provision(owner, fleet, field)
        for distortion in (field.device(serial).distort, None, None):
            field.device(serial).distort = distortion
            visit(td, window=day)
            lines = drained(root, "S")
    states_of = states_by_sample(lines)
    assert len(states_of) == measured(fleet.meters, day.first - 1, day.last).total()
    told = {tuple(states) for states in states_of.values()}
    assert told == {("0",), (NOT_VALID, "0")}
    twice = sum(len(states) == 2 for states in states_of.values())
    assert len(lines) == len(states_of) + twice


def states_by_sample(lines: list[str]) -> dict[tuple[str, str, str], list[str]]:
    """The states in which each sample left, in order: by meter, reading type and stamp."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for line in lines:
        serial, _, _, state, code, stamp = line.split(";")
        found[serial, code, stamp].append(state)
    return found
