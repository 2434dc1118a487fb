"""`hes worker` as a process: with a broker, with one that is absent, and without."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection, transaction

from devices.models import Concentrator, ConcentratorStatus
from devices.parameters import change
from hes.celery import app
from hes.lib.processes import die_with
from tests.factories.processes import wait_until
from tests.factories.visits import due, lane, quick_company, visitable, visits
from workorders.models import Worker

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[2]
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def td() -> Concentrator:
    """Its address refuses every connection, which is enough to see that it was visited."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    owner = quick_company()
    change(owner, "slot_attempts", "1")
    made = visitable(owner, 1)
    made.host, made.port = "127.0.0.1", port
    made.save()
    return made


@pytest.fixture
def worker() -> Iterator[Start]:
    """Starts `hes worker`; none survives the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "hes.cli", "worker", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
            preexec_fn=die_with(os.getpid(), signal.SIGKILL),
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def visited(td: Concentrator, times: int = 1) -> Callable[[], bool]:
    return lambda: sum(visit.outcome == "unreachable" for visit in visits(td)) >= times


def ended_well(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM ends it: lanes are given back, the worker has said goodbye."""
    process.terminate()
    _, log = process.communicate(timeout=25)
    assert process.returncode == 0, log.decode()
    assert all(row.stopped_at for row in Worker.objects.all())


def test_without_a_broker_the_engine_polls(td, worker):
    due(td)
    process = worker("--no-broker")
    wait_until(visited(td))
    ended_well(process)
    assert lane(td).owner_id is None
    assert ConcentratorStatus.objects.get().missed_contacts >= 1


def test_visits_go_on_while_redis_is_absent_for_the_whole_run(td, worker):
    process = worker(REDIS_URL="unix:///nowhere/redis.sock")
    due(td)
    wait_until(visited(td))
    due(td, ago=0)
    wait_until(visited(td, times=2))
    ended_well(process)


def test_a_poke_through_redis_wakes_the_engine_at_once(td, worker):
    process = worker("--queues", "collection")  # polls each 5 s only
    due(td)
    wait_until(visited(td))
    wait_until(lambda: lane(td).owner_id is None)
    due(td, ago=0)
    app.send_task("workorders.tasks.poke", queue="collection")
    assert wait_until(visited(td, times=2)) < 3
    ended_well(process)


def test_a_worker_that_hangs_says_where_and_ends_to_be_started_again(db, worker):
    process = worker("--no-broker", "--hang-limit", "3")
    wait_until(Worker.objects.exists)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE worker")  # no renewal comes back, as from a server that vanished
        _, log = process.communicate(timeout=60)
    assert process.returncode == os.EX_SOFTWARE
    assert "the control thread hangs for 3 s" in log.decode()
    assert "workorders/threads.py" in log.decode()  # the place


def test_an_unknown_queue_is_refused_by_name(db, worker):
    process = worker("--queues", "collections,controll")
    _, log = process.communicate(timeout=20)
    assert process.returncode != 0
    assert "no such queue: collections, controll" in log.decode()


def test_tasks_alone_need_a_broker(db, worker):
    process = worker("--queues", "export", "--no-broker")
    _, log = process.communicate(timeout=20)
    assert process.returncode != 0
    assert "without a broker only the queues control and collection work" in log.decode()
