"""Several workers, killed and frozen ones, stops and lost connections: on real processes."""

import asyncio
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection

from devices.drivers.base import Timeout
from devices.models import Concentrator, ConcentratorStatus, ExportBlock
from tests.factories import fleets
from tests.factories.field import FakeDriver
from tests.factories.processes import wait_until, workers
from tests.factories.visits import (
    device,
    drain,
    due,
    field_of,
    lane,
    quick_company,
    states,
    visitable,
    visits,
)
from workorders import lease
from workorders import visits as visit_ends
from workorders.engine import Engine, Options, Progress, raise_file_limit
from workorders.lease import Lease
from workorders.models import Lane, Visit, Worker

pytestmark = pytest.mark.django_db(transaction=True)
QUICK = {"lease": 2.0, "renew": 0.3, "poll": 0.1}


@pytest.fixture
def worker():
    with workers() as start:
        yield start


@pytest.fixture
def td() -> Concentrator:
    return visitable(quick_company(), 1, meters=20)


def first_lines_left() -> bool:
    return ExportBlock.objects.filter(kind="S").exists()


def each_sample_left_once(meters: int = 20, cycles: int = 4) -> bool:
    counted = Counter(fleets.lines("S"))
    return len(counted) == meters * cycles and set(counted.values()) == {1}


def slow(field):
    field.before_batch = lambda: asyncio.sleep(0.05)
    return field


def test_a_killed_worker_loses_nothing_and_nothing_is_written_twice(td, worker):
    due(td)
    process = worker(0.1)
    wait_until(first_lines_left)
    process.kill()
    process.wait()
    partial = len(fleets.lines("S"))
    assert 0 < partial < 80
    drain(field_of((td, device(td, 20))), **QUICK)
    assert each_sample_left_once()
    assert states(td) == ["done"]
    assert [visit.outcome for visit in visits(td)] == ["abandoned", "done"]


def test_a_frozen_worker_records_nothing_after_its_lease(td, worker):
    due(td)
    process = worker(0.1)
    wait_until(first_lines_left)
    process.send_signal(signal.SIGSTOP)
    drain(field_of((td, device(td, 20))), **QUICK)
    assert each_sample_left_once()
    process.send_signal(signal.SIGCONT)
    wait_until(lambda: Worker.objects.filter(pid=process.pid).count() == 2)
    assert each_sample_left_once()
    assert [visit.outcome for visit in visits(td)] == ["abandoned", "done"]
    process.terminate()
    assert process.wait(20) == 0


def test_a_worker_frozen_and_thawed_within_its_lease_goes_on(td, worker):
    due(td)
    process = worker(0.05)
    wait_until(first_lines_left)
    process.send_signal(signal.SIGSTOP)
    time.sleep(0.5)
    process.send_signal(signal.SIGCONT)
    wait_until(lambda: states(td) == ["done"])
    wait_until(lambda: lane(td).owner_id is None)
    assert each_sample_left_once()
    assert len(visits(td)) == 1


def test_our_own_crash_never_counts_as_a_missed_contact(td, worker):
    due(td)
    process = worker(0.1)
    wait_until(first_lines_left)
    process.kill()
    process.wait()
    drain(FakeDriver(), **QUICK)  # nobody answers just after the take-over
    assert states(td) == ["failed"]
    assert ConcentratorStatus.objects.get(pk=td.pk).missed_contacts == 0


def test_two_engines_never_visit_one_lane_at_once():
    owner = quick_company()
    made = [visitable(owner, number, meters=1) for number in range(1, 13)]
    fields = [device(one, 1) for one in made]
    at_work: Counter[str] = Counter()
    overlaps: list[str] = []
    for field in fields:
        field.before_batch = _noting(field.serial, at_work, overlaps)
    for round_ in range(4):
        for one in made:
            due(one, "load_profile", "measurands", ago=1 + round_ / 10)
        driver = field_of(*zip(made, fields, strict=True))
        _together(*(Engine(driver, Options(**QUICK, concurrency=3)) for _ in range(2)))
    assert overlaps == []
    assert all(set(states(one)) <= {"done", "merged"} for one in made)
    assert Visit.objects.values("worker_id").distinct().count() > 4


def _noting(serial: str, at_work: Counter[str], overlaps: list[str]):
    async def note() -> None:
        at_work[serial] += 1
        if at_work[serial] > 1:
            overlaps.append(serial)
        await asyncio.sleep(0.01)
        at_work[serial] -= 1

    return note


def _together(*engines: Engine) -> None:
    threads = [threading.Thread(target=engine.run_until_idle) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_graceful_stop_gives_lanes_back_and_costs_no_attempt(td):
    due(td)
    engine = Engine(field_of((td, slow(device(td, 20)))), Options(**QUICK, plans=False))
    thread = threading.Thread(target=engine.run)
    thread.start()
    wait_until(first_lines_left)
    engine.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert [visit.outcome for visit in visits(td)] == ["cancelled"]
    assert lane(td).owner_id is None
    assert states(td) == ["due"]
    assert Worker.objects.get().stopped_at is not None
    Lane.objects.update(not_before=None)
    drain(field_of((td, device(td, 20))), **QUICK)
    assert each_sample_left_once()


def test_a_database_that_cuts_the_connections_costs_nothing(td):
    due(td)
    engine = Engine(field_of((td, slow(device(td, 20)))), Options(**QUICK, plans=False))
    thread = threading.Thread(target=engine.run)
    thread.start()
    wait_until(first_lines_left)
    _cut_other_connections()
    wait_until(lambda: states(td) == ["done"])
    wait_until(lambda: lane(td).owner_id is None)
    engine.stop()
    thread.join(10)
    assert each_sample_left_once()


def _cut_other_connections() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user"
            " AND datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_progress_is_told_until_nothing_is_due(td):
    told: list[Progress] = []
    due(td)
    end = Engine(field_of((td, device(td, 20)))).run_until_idle(told.append)
    assert told[-1] == end == Progress(open_slots=0, running=0, done=1, failed=0)


def test_a_stopped_concentrator_is_not_visited(td):
    due(td)
    td.stop_activity = True
    td.save()
    driver = field_of((td, device(td, 20)))
    drain(driver)
    assert driver.tried == []
    td.stop_activity = False
    td.save()
    drain(driver)
    assert states(td) == ["done"]


def test_a_fault_of_ours_is_tried_again_and_leaves_others_alone(td):
    other = visitable(Concentrator.objects.get().company, 2)
    broken = device(td, 20)
    broken.before_batch = lambda: 1 / 0
    due(td)
    due(other)
    drain(field_of((td, broken), (other, device(other))))
    assert (states(td), states(other)) == (["failed"], ["done"])
    assert {visit.outcome for visit in visits(td)} == {"fault"}


def test_the_limit_of_open_files_is_raised_only_as_far_as_allowed():
    before = raise_file_limit(64)
    assert raise_file_limit(before) == before


def test_a_visit_that_cannot_be_written_down_does_not_keep_its_lane(td, monkeypatch):
    finish, calls = visit_ends.finish, []

    def broken_once(*arguments) -> None:
        calls.append(arguments)
        if len(calls) == 1:
            raise ZeroDivisionError
        finish(*arguments)

    monkeypatch.setattr(visit_ends, "finish", broken_once)
    field = device(td, 20)
    field.faults.append(Timeout("[TB_ACK_191] TIMEOUT"))
    due(td)
    drain(field_of((td, field)), **QUICK)
    assert states(td) == ["done"]
    assert lane(td).owner_id is None


def test_a_worker_that_stood_still_past_its_lease_with_more_lanes_due_starts_anew(monkeypatch):
    """Until it is registered again it has no lease: it must pause between two looks for lanes, or
    its loop never comes to the registration, for as long as the process lives."""
    monkeypatch.setattr(lease, "register", _slowly(lease.register))
    owner = quick_company()
    made = [visitable(owner, number, meters=1) for number in range(1, 5)]
    fields = [device(one, 1) for one in made]
    stillness = [2.3]  # seconds
    for one, field in zip(made, fields, strict=True):
        field.before_batch = lambda: time.sleep(stillness.pop()) if stillness else None
        due(one)
    options = Options(**QUICK, plans=False, concurrency=1, kept=0)
    engine = Engine(field_of(*zip(made, fields, strict=True)), options)
    thread = threading.Thread(target=engine.run)
    thread.start()
    try:
        wait_until(lambda: all(states(one) == ["done"] for one in made))
    finally:
        engine.stop()
        thread.join(10)
    assert Worker.objects.count() == 2


def _slowly(register: Callable[[float], Lease]) -> Callable[[float], Lease]:
    def registered(seconds: float) -> Lease:
        time.sleep(0.3)
        return register(seconds)

    return registered
