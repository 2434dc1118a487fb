"""Resident memory of one `hes worker` (Celery, engine, driver), read from /proc, at its highest
with 1,000 visits open: to concentrators that associate and then say nothing, and to concentrators
that deliver a day of 25 meters each, which is decoded and recorded meanwhile (40 s at most).
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection

from benchmarks.answers import ZONE
from benchmarks.bench import Bench
from benchmarks.field import SEED, provision, simulated, worker
from benchmarks.processes import resident
from benchmarks.race import Result, measured
from benchmarks.servers import empty_database, truncate
from devices.choices import Activity
from devices.drivers.base import Period
from devices.models import Company
from devices.simulator.population import Fleet
from hes.domain.time import local_day
from workorders import slots

VISITS, METERS = 1_000, 25
WAITING_MB, FULL_MB = 150.0, 350.0
ASSOCIATED = 2  # answers after which a concentrator falls silent
SETTLED_SECONDS, LOOK_SECONDS, IDLE_SHARE = 2.0, 0.1, 0.1
PATIENCE, FULL_SECONDS = 120.0, 40.0


@dataclass(frozen=True, slots=True)
class Look:
    """The worker at one moment: resident megabytes, CPU seconds, sockets; visits open, done and
    ended otherwise.
    """

    megabytes: float
    cpu: float
    sockets: int
    open: int
    done: int
    failed: int

    @property
    def all_open(self) -> bool:
        """Every visit is under way and has its connection."""
        return self.open == VISITS and self.sockets >= VISITS


def run(bench: Bench) -> Iterator[Result]:
    """First nobody answers, then everybody."""
    fleet = Fleet.generate(SEED, VISITS, METERS, ZONE.key)
    with empty_database():
        owner, ids = provision(bench.home / "visits", VISITS, METERS)
        yield _waiting(bench.home, owner, ids, fleet)
        truncate("slot", "visit", "lane", "worker")
        yield _full(bench.home, owner, ids)


def _waiting(home: Path, owner: Company, ids: list[int], fleet: Fleet) -> Result:
    """Every concentrator associates, then never answers again."""
    script = home / "silence.json"
    silence = {each.serial: {"hang": ASSOCIATED} for each in fleet.concentrators}
    script.write_text(json.dumps(silence), encoding="utf-8")
    silent = ("--faults", str(script))
    with simulated(home, owner, VISITS, METERS, *silent), worker(home) as pid:
        idle = _look(pid)
        slots.request(ids, [Activity.LOAD_PROFILE], None, datetime.now(UTC))
        looks = _watch(pid, _is_settled)
        notes = {
            "MB before": idle.megabytes,
            "kB per visit": (looks[-1].megabytes - idle.megabytes) * 1024 / VISITS,
            "sockets": looks[-1].sockets,
            "CPU s to open all": looks[-1].cpu - idle.cpu,
        }
        return _peak("1,000 waiting visits", looks, WAITING_MB, notes)


def _full(home: Path, owner: Company, ids: list[int]) -> Result:
    """Every concentrator delivers the day before yesterday."""
    begin, end = local_day((datetime.now(ZONE) - timedelta(days=2)).date(), ZONE)
    with simulated(home, owner, VISITS, METERS), worker(home) as pid:
        slots.request(ids, [Activity.LOAD_PROFILE], Period(begin + 1, end), datetime.now(UTC))
        started = time.monotonic()
        looks = _watch(pid, lambda looks: _is_done(looks, started))
        seconds = time.monotonic() - started
        assert max(look.all_open for look in looks), "never were all visits open at once"
        notes = {
            "visits done": looks[-1].done,
            "failed": looks[-1].failed,
            "s": seconds,
            "lines per s": _lines() / seconds,
            "worker's share of a core": (looks[-1].cpu - looks[0].cpu) / seconds,
        }
        return _peak("full pipeline, 1,000 visits open", looks, FULL_MB, notes)


def _peak(name: str, looks: list[Look], promise: float, notes: dict[str, float]) -> Result:
    peak = max(look.megabytes for look in looks)
    return measured(name, [peak], "MB", promise, at_most=True, notes=notes)


def _is_done(looks: list[Look], started: float) -> bool:
    return looks[-1].done + looks[-1].failed >= VISITS or time.monotonic() > started + FULL_SECONDS


def _is_settled(looks: list[Look]) -> bool:
    """All have been open for a while in which the worker had nothing to do: they wait."""
    last = looks[-int(SETTLED_SECONDS / LOOK_SECONDS) :]
    worked = last[-1].cpu - last[0].cpu
    return all(look.all_open for look in last) and worked < IDLE_SHARE * SETTLED_SECONDS


def _watch(pid: int, is_over: Callable[[list[Look]], bool]) -> list[Look]:
    """Looks until it is over; says where it stands when it never is."""
    looks = [_look(pid)]
    deadline = time.monotonic() + PATIENCE
    while not is_over(looks):
        assert time.monotonic() < deadline, f"after {PATIENCE:.0f} s: {looks[-1]}"
        time.sleep(LOOK_SECONDS)
        looks.append(_look(pid))
    return looks


_VISITS = """
SELECT count(*) FILTER (WHERE ended_at IS NULL), count(*) FILTER (WHERE outcome = 'done'),
       count(*) FILTER (WHERE ended_at IS NOT NULL AND outcome <> 'done')
  FROM visit
"""


def _look(pid: int) -> Look:
    with connection.cursor() as cursor:
        cursor.execute(_VISITS)
        counts = cursor.fetchone()
    return Look(resident(pid), _cpu(pid), _sockets(pid), *map(int, counts))


def _lines() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(lines), 0) FROM export_block")
        return int(cursor.fetchone()[0])


def _cpu(pid: int) -> float:
    """Seconds in user and system mode."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _sockets(pid: int) -> int:
    """Open sockets of a process; a few of them lead to the database and the broker."""
    found = 0
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            found += str(handle.readlink()).startswith("socket:")
    return found
