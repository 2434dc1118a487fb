"""A known network in the database, a listener beside it, and storms that reach it over real UDP."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

from django.core.management import call_command

from devices.models import Company
from devices.simulator.datagrams import Address, Sender, play
from devices.simulator.population import Fleet, host
from devices.simulator.server import HOST_PATTERN
from devices.simulator.storms import Gasp
from hes.demo import company as demo
from hes.demo import field
from hes.demo.options import parse
from hes.lib.processes import die_with
from tests.factories.processes import ROOT, listening_port, wait_until

PER_CONCENTRATOR = 5
PATIENCE = 60.0


def network(home: Path, concentrators: int) -> tuple[Company, Fleet]:
    """The generated templates as a utility's files: a transformer per concentrator, four to a
    substation, five customers each."""
    owner = demo.make_company()
    sizes = ("--concentrators", str(concentrators), "--meters", str(PER_CONCENTRATOR))
    options = parse([*sizes])
    now = datetime.now(UTC)
    field.provision(owner, options, home, now - timedelta(days=2), now + timedelta(days=1))
    return owner, Fleet.generate(options.seed, concentrators, PER_CONCENTRATOR)


@contextmanager
def listener(folder: Path) -> Iterator[tuple[int, int]]:
    """`hes listen` as a process on 127.0.0.1; its ports for wake-ups and last gasps."""
    ready, wake_up = folder / "ports", listening_port()
    ports = wake_up, listening_port(beyond=wake_up)
    process = subprocess.Popen(
        [sys.executable, "-m", "hes.cli", "listen", "--ready-file", str(ready)],
        cwd=ROOT,
        env=_environment(folder, *ports),
        preexec_fn=die_with(os.getpid(), signal.SIGKILL),
    )
    try:
        wait_until(lambda: ready.exists() or process.poll() is not None, PATIENCE)
        assert process.poll() is None, "the listener ended at its start"
        yield ports
        process.terminate()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()


def _environment(folder: Path, wake_up: int, last_gasp: int) -> dict[str, str]:
    return {
        **os.environ,
        "HES_LISTEN_SPOOL": str(folder / "spool"),
        "HES_WAKE_UP_PORT": str(wake_up),
        "HES_LAST_GASP_PORT": str(last_gasp),
    }


class Field:
    """What concentrators say to one listener, each from its own address."""

    def __init__(self, port: int) -> None:
        self._to: Address = ("127.0.0.1", port)
        self._sender = Sender()

    def say(self, gasps: Iterable[Gasp]) -> int:
        """All at once, in their order; how many."""
        return play(gasps, self._say, at_once=True)

    def send(self, source: str, raw: bytes) -> None:
        """Any bytes from any address of this host."""
        self._sender.send(source, self._to, raw)

    def close(self) -> None:
        """Close the socket."""
        self._sender.close()

    def _say(self, gasp: Gasp) -> None:
        self.send(host(HOST_PATTERN, gasp.concentrator), gasp.raw)


def counters() -> dict[str, int]:
    """What `hes listeners status --json` says."""
    out = StringIO()
    call_command("listeners", "status", "--json", stdout=out)
    return json.loads(out.getvalue())


def wait_for(what: Callable[[], object], name: str) -> object:
    """The first truth that `what` gives; the test fails if there is none in time."""
    deadline = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < deadline, f"{name} did not happen in time"
        time.sleep(0.1)
    return found
