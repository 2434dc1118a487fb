"""The engine with the real driver against the simulated field, over real sockets."""

import random
import threading
import time
from datetime import timedelta

import pytest

from devices.choices import Activity
from devices.drivers.base import Period
from devices.drivers.cosem.driver import CosemDriver
from devices.models import CollectionCycle, Concentrator, ConcentratorStatus
from devices.simulator import faults
from devices.simulator.device import FieldOptions
from devices.simulator.population import Fleet
from hes.domain.time import local_day
from tests.factories import fleets
from tests.factories.processes import wait_until, workers
from tests.factories.simulated import QUICK, listening, measured, provision, sampled, visit_all
from tests.factories.visits import due, quick_company, states, visits
from workorders.engine import Engine, Options

pytestmark = pytest.mark.django_db(transaction=True)


def nrn(td: Concentrator) -> int | None:
    found = ConcentratorStatus.objects.filter(pk=td.pk).values_list("missed_contacts", flat=True)
    return found.first()


def test_one_local_day_of_load_profiles_is_what_the_meters_measured():
    fleet = Fleet.generate(1, 3, 4)
    owner = quick_company("America/Santiago")
    begin, end = local_day(fleets.today() - timedelta(days=2), owner.zone)
    with listening(fleet) as field:
        made = provision(owner, fleet, field)
        for td in made:
            due(td, "load_profile", "daily_closure", window=Period(begin + 1, end))
        visit_all()
    assert [states(td) for td in made] == [["done", "done"]] * 3
    assert sampled(fleets.lines("S")) == measured(fleet.meters, begin, end)
    assert [nrn(td) for td in made] == [0, 0, 0]


def test_a_room_too_small_for_one_batch_slows_the_visits_and_stops_none():
    fleet = Fleet.generate(1, 6, 3)
    owner = quick_company("America/Santiago")
    begin, end = local_day(fleets.today() - timedelta(days=2), owner.zone)
    driver = CosemDriver()
    engine = Engine(lambda _: driver, Options(limits=QUICK, bytes_held=1))
    give_up = threading.Timer(40, engine.stop)
    with listening(fleet) as field:
        made = provision(owner, fleet, field)
        for td in made:
            due(td, "load_profile", window=Period(begin + 1, end))
        give_up.start()
        engine.run_until_idle()
        give_up.cancel()
    assert [states(td) for td in made] == [["done"]] * 6
    assert sampled(fleets.lines("S")) == measured(fleet.meters, begin, end)


def test_workers_killed_at_random_lose_nothing_and_double_nothing():
    dice = random.Random(11)  # noqa: S311 - the same kills again
    fleet = Fleet.generate(1, 12, 30)
    owner = quick_company("America/Santiago")
    begin, end = local_day(fleets.today() - timedelta(days=2), owner.zone)
    with listening(fleet) as field, workers() as worker:
        made = provision(owner, fleet, field)
        for td in made:
            due(td, "load_profile", "daily_closure", "measurands", window=Period(begin + 1, end))
        running = [worker("field"), worker("field")]
        for _ in range(6):
            time.sleep(dice.uniform(0.9, 1.8))
            victim = running.pop(0)
            victim.kill()
            victim.wait()
            running.append(worker("field"))
        wait_until(lambda: all(set(states(td)) == {"done"} for td in made), seconds=40)
    assert sampled(fleets.lines("S")) == measured(fleet.meters, begin, end)
    assert [nrn(td) for td in made] == [0] * 12


def test_all_activities_by_cycles_and_again_without_any_new_line():
    fleet = Fleet.generate(1, 2, 3)
    owner = quick_company("America/Santiago")
    with listening(fleet, options=FieldOptions(retention_days=2)) as field:
        made = provision(owner, fleet, field)
        for ago in (5, 0):
            for td in made:
                due(td, *Activity.values, ago=ago)
            visit_all()
            lines = {kind: fleets.lines(kind) for kind in ("S", "DC", "M", "R", "VV", "VI")}
            if ago:
                first = lines
    assert all(set(states(td)) == {"done"} for td in made)
    assert lines == first
    assert lines["S"]
    assert len(set(lines["S"])) == len(lines["S"])
    assert CollectionCycle.objects.filter(concentrator=made[0]).count() == 8


@pytest.mark.parametrize(
    ("fault", "outcome", "missed"),
    [
        (faults.Refuse(), "unreachable", 1),
        (faults.Hang(), "unreachable", 1),
        (faults.WrongKey(), "locked", 0),
        (faults.WrongSerial(), "refused", None),
        (faults.Truncated(), "timeout", None),
        (faults.WrongTag(), "garbled", None),
        (faults.ResetInBlock(), "timeout", None),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str | int) else str(value),
)
def test_a_broken_device_costs_its_own_visit_only(fault, outcome, missed):
    fleet = Fleet.generate(1, 2, 3)
    owner = quick_company("America/Santiago")
    serials = [each.serial for each in fleet.concentrators]
    begin, end = local_day(fleets.today() - timedelta(days=2), owner.zone)
    with listening(fleet, {serials[0]: [fault]}) as field:
        broken, healthy = provision(owner, fleet, field)
        for td in (broken, healthy):
            due(td, window=Period(begin + 1, end))
        visit_all()
    assert states(healthy) == ["done"]
    assert states(broken) == ["failed"]
    assert {visit.outcome for visit in visits(broken)} == {outcome}
    if missed is not None:
        assert (nrn(broken) or 0) == missed * len(visits(broken))


def test_a_device_that_repeats_its_counters_is_locked_out_at_the_next_visit():
    fleet = Fleet.generate(1, 1, 1)
    owner = quick_company("America/Santiago")
    serial = next(fleet.concentrators).serial
    with listening(fleet, {serial: [faults.ReplayedCounter()]}) as field:
        (td,) = provision(owner, fleet, field)
        for ago in (5, 0):
            due(td, "repeater_table", ago=ago)
            visit_all()
    assert [visit.outcome for visit in visits(td)] == ["done", "locked"]
    assert nrn(td) == 0


def test_a_drifting_clock_is_set_and_stays_set():
    fleet = Fleet.generate(1, 1, 1)
    owner = quick_company("America/Santiago")
    serial = next(fleet.concentrators).serial
    with listening(fleet, {serial: [faults.ClockDrift(30)]}) as field:
        (td,) = provision(owner, fleet, field)
        for ago in (5, 0):
            due(td, "repeater_table", ago=ago)
            visit_all()
    drifts = [visit.clock_drift for visit in visits(td)]
    assert drifts[0] == pytest.approx(30, abs=1.5)
    assert drifts[1] == pytest.approx(0, abs=1.5)
