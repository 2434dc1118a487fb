"""2,000 datagrams a second while PostgreSQL is away: none is lost, and their order stays. Noise
without end leaves the listener as it was.

A PostgreSQL of its own, `hes listen` as a process, harm from outside. The long forms are run by
`make proof`: ten minutes with PostgreSQL stopped for one of them, a million random datagrams.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest

from benchmarks.processes import resident
from hes.embedded import EmbeddedServers
from hes.lib.env import parse_database_url
from hes.lib.processes import die_with
from tests.factories.datagrams import HOST, send
from tests.factories.processes import listening_port, wait_until

ROOT = Path(__file__).parents[2]
RATE = 2_000
STEP = 0.01  # seconds between two handfuls
GROWTH = 20.0  # MB
_ROWS = "SELECT raw FROM datagram ORDER BY xid, id"
_COUNT = "SELECT count(*) FROM datagram"
_LOST = "SELECT sum(kernel_drops) FROM listener_run"


class Site:
    """A cluster, and listeners of one spool."""

    def __init__(self, servers: EmbeddedServers, home: Path) -> None:
        self.servers, self.home = servers, home
        self.port = listening_port()
        self._environment = os.environ | servers.environment | {
            "HES_WAKE_UP_PORT": str(self.port),
            "HES_LAST_GASP_PORT": str(self.port),
        }  # fmt: skip

    def hes(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "hes.cli", *arguments],
            cwd=ROOT,
            env=self._environment,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with(os.getpid(), signal.SIGKILL),
        )

    @contextmanager
    def listener(self) -> Iterator[subprocess.Popen[bytes]]:
        ready = self.home / "ready"
        ready.unlink(missing_ok=True)
        process = self.hes("listen", "--ready-file", str(ready))
        try:
            wait_until(ready.exists)
            yield process
        finally:
            process.terminate()
            process.wait()

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        url = parse_database_url(self.servers.database_url)
        address = {"host": url.host, "user": url.user, "dbname": url.name}
        with closing(psycopg2.connect(**address)) as session, session.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def numbers(self) -> list[int]:
        return [int.from_bytes(raw, "big") for (raw,) in self.ask(_ROWS)]

    def stop_postgres(self, seconds: float) -> None:
        server = self.servers._postgres
        server.stop()
        time.sleep(seconds)
        server.start()

    def freeze_postgres(self, seconds: float) -> None:
        """All its processes stand still: nobody is told anything, and every session stays open."""
        mother = self.servers.pids["postgres"]
        children = Path(f"/proc/{mother}/task/{mother}/children").read_text().split()
        pids = [mother, *map(int, children)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)


class Sender(threading.Thread):
    """Numbered datagrams at RATE until it is stopped; `sent` is how many."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port
        self._end = threading.Event()
        self.sent = 0

    def run(self) -> None:
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sender:
            sender.connect((HOST, self._port))
            begin = time.monotonic()
            while not self._end.wait(STEP):
                due = int((time.monotonic() - begin) * RATE)
                for number in range(self.sent, due):
                    sender.send(number.to_bytes(4, "big"))
                    self.sent = number + 1

    def stop(self) -> None:
        self._end.set()
        self.join()


@contextmanager
def sending(port: int) -> Iterator[Sender]:
    sender = Sender(port)
    sender.start()
    try:
        yield sender
    finally:
        sender.stop()


@pytest.fixture(scope="module")
def servers(tmp_path_factory) -> Iterator[EmbeddedServers]:
    with EmbeddedServers(tmp_path_factory.mktemp("site")) as running:
        site = Site(running, running.home)
        assert site.hes("migrate", "--verbosity", "0").wait() == 0
        yield running


@pytest.fixture
def site(servers) -> Site:
    made = Site(servers, servers.home)
    url = parse_database_url(servers.owner_database_url)
    with closing(psycopg2.connect(host=url.host, user=url.user, dbname=url.name)) as owner:
        owner.autocommit = True
        owner.cursor().execute("TRUNCATE datagram, listener_run")
    return made


def _none_is_lost(site: Site, harm: Callable[[], None], before: float, after: float) -> None:
    with site.listener():
        with sending(site.port) as sender:
            time.sleep(before)
            harm()
            time.sleep(after)
        wait_until(lambda: len(site.numbers()) == sender.sent, seconds=60.0)
        assert site.numbers() == list(range(sender.sent))
    assert site.ask(_LOST) == [(0,)]
    assert not list((site.home / "spool").glob("*.blocks"))


def test_postgres_is_stopped_for_some_seconds(site):
    _none_is_lost(site, lambda: site.stop_postgres(3), before=2, after=2)


def test_postgres_is_frozen_longer_than_we_wait_for_it(site):
    _none_is_lost(site, lambda: site.freeze_postgres(13), before=1, after=1)


@pytest.mark.slow
def test_postgres_is_stopped_for_a_minute_of_ten(site):
    _none_is_lost(site, lambda: site.stop_postgres(60), before=240, after=300)


def test_a_killed_listener_loses_what_it_had_in_memory_and_nothing_else(site):
    """Not a second's worth: what was sent a second before the kill is in the journal afterwards."""
    server = site.servers._postgres
    with site.listener() as process, sending(site.port) as sender:
        time.sleep(1.5)
        server.stop()
        time.sleep(2)
        safe = sender.sent
        time.sleep(1)
        process.kill()
    server.start()
    with site.listener():
        wait_until(lambda: len(site.numbers()) >= safe)
    kept = site.numbers()
    assert kept == list(range(len(kept)))
    assert safe <= len(kept) <= sender.sent


NOISE_AT_ONCE = 10_000
LONG_ONES = 0.01  # of all


def _noise(dice: random.Random) -> bytes:
    longest = 65_507 if dice.random() < LONG_ONES else 200
    return dice.randbytes(dice.randrange(longest + 1))


def _send_noise(site: Site, count: int) -> None:
    """So much at once as the buffer holds, then the journal must have it."""
    dice = random.Random(count)  # noqa: S311 - noise
    before = site.ask(_COUNT)[0][0]
    for begin in range(0, count, NOISE_AT_ONCE):
        send(site.port, (_noise(dice) for _ in range(NOISE_AT_ONCE)))
        wanted = before + begin + NOISE_AT_ONCE
        wait_until(lambda wanted=wanted: site.ask(_COUNT)[0][0] == wanted, seconds=60.0)


def _noise_leaves_it_as_it_was(site: Site, warm_up: int, count: int) -> None:
    with site.listener() as process:
        _send_noise(site, warm_up)
        before = resident(process.pid)
        _send_noise(site, count)
        assert process.poll() is None
        assert resident(process.pid) < before + GROWTH
    assert site.ask(_LOST) == [(0,)]
    assert site.ask("SELECT max(size) > 60000, max(octet_length(raw)) FROM datagram") == [
        (True, 2048)
    ]


def test_noise_leaves_the_listener_as_it_was(site):
    _noise_leaves_it_as_it_was(site, 20_000, 20_000)


@pytest.mark.slow
def test_a_million_random_datagrams_leave_the_listener_as_it_was(site):
    _noise_leaves_it_as_it_was(site, 100_000, 900_000)
