"""Redis only wakes: emptied and killed in mid run, it costs no slot and no line.

That visits also go on without any Redis from the start is shown in tests/hes/test_worker_command.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis as Client

from devices.drivers.base import Period
from devices.models import Concentrator
from devices.simulator.population import Fleet
from hes.domain.time import local_day
from hes.lib.processes import die_with
from hes.servers.binaries import redis_bin
from hes.servers.places import Places
from hes.servers.redis import Redis
from tests.factories import fleets
from tests.factories.exported import file_lines
from tests.factories.processes import Process, wait_until
from tests.factories.simulated import listening, measured, provision, sampled
from tests.factories.visits import due, quick_company, states

pytestmark = pytest.mark.django_db(transaction=True)
LONG = 60.0
Start = Callable[..., Process]


@pytest.fixture
def redis() -> Iterator[Redis]:
    """A server of our own, as ourselves: the session's serves other tests."""
    with tempfile.TemporaryDirectory(prefix="hes-redis-") as folder:
        run = Path(folder)
        places = Places(home=run, cluster=run, run=run, run_as=None)
        places.sockets.mkdir()
        server = Redis(places, redis_bin(None))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def hes(redis: Redis) -> Iterator[Start]:
    """Starts `hes` commands that know this Redis; none survives the test."""
    started: list[Process] = []

    def start(*arguments: str) -> Process:
        process = subprocess.Popen(
            [sys.executable, "-m", "hes.cli", *arguments],
            env={**os.environ, "REDIS_URL": redis.url},
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with(os.getpid(), signal.SIGKILL),
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_redis_emptied_and_killed_in_mid_run_costs_no_slot_and_no_line(
    redis: Redis, hes: Start, tmp_path: Path
) -> None:
    fleet = Fleet.generate(1, 8, 5)
    owner = quick_company("America/Santiago")
    days = [local_day(fleets.today() - timedelta(days=ago), owner.zone) for ago in (3, 2)]
    expected = measured(fleet.meters, days[0][0], days[1][1])
    with listening(fleet) as field, Client.from_url(redis.url) as broker:
        made = provision(owner, fleet, field)
        worker = hes("worker", "--concurrency", "1")
        exporter = hes("export", "run", "--folder", str(tmp_path))
        wait_until(lambda: is_heard(broker), LONG)
        ask(made, days[0])
        wait_until(lambda: done(made) > 1, LONG)
        broker.flushall()
        wait_until(lambda: done(made) > 3, LONG)
        os.kill(redis.pid, signal.SIGKILL)
        redis.stop()  # bury it
        ask(made, days[1])
        wait_until(lambda: done(made) == 2 * len(made), LONG)
        wait_until(lambda: sampled(file_lines(tmp_path, "S")) == expected, LONG)
        redis.start()
        wait_until(lambda: is_heard(broker), LONG)
    for process in (worker, exporter):
        process.terminate()
        assert process.wait(LONG) == 0
    lines = file_lines(tmp_path, "S")
    assert sampled(lines) == expected
    assert len(set(lines)) == len(lines)


def test_a_redis_that_becomes_read_only_ends_no_worker(redis: Redis, hes: Start) -> None:
    fleet = Fleet.generate(1, 1, 3)
    owner = quick_company("America/Santiago")
    with listening(fleet) as field, Client.from_url(redis.url) as broker:
        made = provision(owner, fleet, field)
        worker = hes("worker")
        wait_until(lambda: is_heard(broker), LONG)
        broker.replicaof("127.0.0.1", "1")  # a replica of nobody refuses every write
        broker.client_kill_filter(_type="normal", skipme=True)  # the worker connects anew
        wait_until(lambda: has_come_back(broker), LONG)
        due(made[0], ago=0)
        wait_until(lambda: done(made) == 1, LONG)
    worker.terminate()
    assert worker.wait(LONG) == 0


def has_come_back(broker: Client) -> bool:
    """Whether somebody beside us is connected again, and has met the refusal."""
    return int(broker.info("stats")["total_error_replies"]) > 0


def is_heard(broker: Client) -> bool:
    """Whether a worker has told this Redis which messages it wants."""
    return bool(broker.exists("_kombu.binding.collection"))


def ask(made: list[Concentrator], day: tuple[int, int]) -> None:
    for td in made:
        due(td, window=Period(day[0] + 1, day[1]), ago=0)


def done(made: list[Concentrator]) -> int:
    return [state for td in made for state in states(td)].count("done")
