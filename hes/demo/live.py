"""`hes demo`: everything runs until it is stopped; a page shows it."""

import json
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hes.demo import company, field, processes
from hes.demo.console import step
from hes.demo.options import Options
from hes.supervisor import Child, Supervisor

HOST = "127.0.0.1"


class Announcement:
    """`demo.json`: how to reach the running demo. Readable by its owner only."""

    def __init__(self, home: Path, url: str) -> None:
        self._path = home / "demo.json"
        self._facts = {"url": url, "pid": os.getpid(), "home": str(home), "ready": False}

    def write(self, *, ready: bool) -> None:
        """Replace the file in one step, so that nobody reads half of it."""
        self._facts["ready"] = ready
        draft = self._path.with_suffix(".tmp")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(self._facts, indent=2) + "\n", encoding="utf-8")
        draft.replace(self._path)

    def withdraw(self) -> None:
        """The demo has ended."""
        self._path.unlink(missing_ok=True)


def run(options: Options, home: Path) -> int:
    """Serve until SIGTERM or Ctrl-C; returns 0."""
    owner = company.make_company()
    company.accept_days_since(owner, datetime.now(UTC).date(), datetime.now(UTC).date())
    with step(f"Import of {options.concentrators} concentrators from templates"):
        now = datetime.now(UTC)
        field.provision(owner, options, home, now - timedelta(days=1), now)
    ready = home / "run" / "field.json"
    port = free_port(options.port)
    url = f"http://{HOST}:{port}/"
    announcement = Announcement(home, url)
    supervisor = Supervisor(home, _children(options, ready, port))
    watch = _Watch(announcement, lambda: field.connect(ready, owner), ready, url)
    ready.unlink(missing_ok=True)
    announcement.write(ready=False)
    try:
        supervisor.run(watch.tick)
    finally:
        announcement.withdraw()
    print("\nStopped.", flush=True)
    return 0


def free_port(wanted: int) -> int:
    """`wanted` if it is free, else the next free one (said aloud); 0 takes any."""
    for port in range(wanted, min(wanted + 100, 65_536)) if wanted else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            free: int = probe.getsockname()[1]
        if wanted and free != wanted:
            print(f"  Port {wanted} is taken; using {free}.", flush=True)
        return free
    raise OSError(f"no free port from {wanted} on - give another one with --port")


def _children(options: Options, ready: Path, port: int) -> list[Child]:
    field_side = processes.simulator(
        options.seed, options.concentrators, options.meters, ready,
        ("--cycle-scale", str(company.CYCLE_SCALE)),
    )  # fmt: skip
    web = processes.child("web", "web", "--bind", f"{HOST}:{port}")
    beat = [processes.child("beat", "beat")] if os.environ.get("REDIS_URL") else []
    return [field_side, processes.worker(), *beat, processes.exporter(), web]


class _Watch:
    """Looks once per supervisor tick: is the field up, does the page answer?"""

    def __init__(
        self,
        announcement: Announcement,
        connect: Callable[[], int],
        ready: Path,
        url: str,
    ) -> None:
        self._announcement = announcement
        self._connect = connect
        self._ready = ready
        self._url = url
        self._is_connected = False
        self._is_announced = False

    def tick(self) -> None:
        if not self._is_connected and field.is_ready(self._ready):
            self._connect()
            self._is_connected = True
        if self._is_connected and not self._is_announced and _answers(self._url):
            self._is_announced = True
            self._announcement.write(ready=True)
            print(f"\n  HES runs at {self._url}   (Ctrl-C stops it)\n", flush=True)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}health/ready", timeout=1) as answer:  # noqa: S310 - our own http address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
