"""`hes demo`: everything runs until it is stopped; a page shows it."""

import os
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from devices.choices import Activity
from devices.drivers.base import Period
from devices.models import Company
from hes.demo import company, field, processes, stream
from hes.demo.announcement import Announcement
from hes.demo.console import step
from hes.demo.newcomers import NEW_METERS, Newcomers
from hes.demo.options import Options
from hes.demo.ports import HOST, free_port
from hes.domain.time import local_day, utc
from hes.supervisor import Child, Supervisor
from workorders import slots

FIRST_LOOK = ("daily_closure", "load_profile", "measurands", "cedata")


def run(options: Options, home: Path) -> int:
    """Serve until SIGTERM or Ctrl-C; returns 0."""
    owner = company.make_company()
    _provision(owner, options, home)
    ready = home / "run" / "field.json"
    ready.unlink(missing_ok=True)
    port = free_port(options.port)
    flow = stream.prepare(home, free_port(options.stream_port))
    announcement = Announcement(home, f"http://{HOST}:{port}/", flow.facts)
    announcement.write(ready=False)
    newcomers = Newcomers(owner, lambda text: print(text, flush=True))
    watch = _Watch(announcement, lambda: field.connect(ready, owner), ready, newcomers)
    try:
        Supervisor(home, _children(options, home, ready, port, flow)).run(watch.tick)
    finally:
        announcement.withdraw()
    print("\nStopped.", flush=True)
    return 0


def _provision(owner: Company, options: Options, home: Path) -> None:
    """The fleet, and yesterday's data as a first order: something to see before the schedule."""
    now = datetime.now(UTC)
    yesterday = Period(*_yesterday(owner, now))
    company.accept_days_since(owner, utc(yesterday.first).date(), now.date())
    with step(f"Import of {options.concentrators} concentrators from templates"):
        begin = utc(yesterday.first - 1)
        fleet = field.provision(owner, options, home, begin, now, NEW_METERS)
    slots.request(fleet.concentrator_ids, FIRST_LOOK, yesterday, now)
    slots.request(fleet.concentrator_ids, (Activity.AUTODISCOVERY,), None, now)


def _yesterday(owner: Company, now: datetime) -> tuple[int, int]:
    begin, end = local_day(now.astimezone(owner.zone).date() - timedelta(days=1), owner.zone)
    return begin + 1, end


def _children(
    options: Options, home: Path, ready: Path, port: int, flow: stream.Stream
) -> list[Child]:
    field_side = processes.simulator(
        options.seed, options.concentrators, options.meters, ready,
        ("--cycle-scale", str(company.CYCLE_SCALE), "--new-meters", str(NEW_METERS),
         "--state", str(home / field.STATE)),
    )  # fmt: skip
    web = processes.child("web", "web", "--bind", f"{HOST}:{port}")
    beat = [processes.child("beat", "beat")] if os.environ.get("REDIS_URL") else []
    return [
        *flow.children, processes.listener(), field_side, processes.worker(), *beat,
        *processes.exporters(), processes.maintainer(), web,
    ]  # fmt: skip


class _Watch:
    """Looks once per supervisor tick: is the field up, does the page answer, who is new?"""

    def __init__(
        self,
        announcement: Announcement,
        connect: Callable[[], int],
        ready: Path,
        newcomers: Newcomers,
    ) -> None:
        self._announcement = announcement
        self._newcomers = newcomers
        self._connect = connect
        self._ready = ready
        self._is_connected = False
        self._is_announced = False

    def tick(self) -> None:
        if not self._is_connected and field.is_ready(self._ready):
            self._connect()
            self._is_connected = True
        if self._is_connected and not self._is_announced and _answers(self._announcement.url):
            self._is_announced = True
            self._announcement.write(ready=True)
            print(f"\n  HES runs at {self._announcement.url}   (Ctrl-C stops it)", flush=True)
            print("  Its stream: hes tail hes-s\n", flush=True)
        if self._is_announced:
            self._newcomers.tick()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}health/ready", timeout=1) as answer:  # noqa: S310 - our own http address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
