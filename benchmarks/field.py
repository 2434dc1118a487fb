"""Fleets in the database, invented by the simulator and brought in by the product's own import;
the field that answers for them, and the worker that visits it.
"""

import json
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.processes import HES, process, wait_until
from devices.commissioning import set_endpoints
from devices.models import Company, Concentrator
from hes.demo import company, field
from hes.demo.once import NEVER
from hes.demo.options import parse
from workorders.models import Worker

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
SEED = 1
PATIENT_WORKER = (sys.executable, "-m", "benchmarks.worker")


def provision(home: Path, concentrators: int, meters: int) -> tuple[Company, list[int]]:
    """The company *Demo*, and the ids of new concentrators by number, with commissioned meters."""
    owner = company.make_company()
    today = datetime.now(UTC).date()
    company.accept_days_since(owner, today, today)
    home.mkdir()
    options = parse([f"--concentrators={concentrators}", f"--meters={meters}", f"--seed={SEED}"])
    return owner, sorted(field.provision(owner, options, home, SINCE, NEVER).concentrator_ids)


@contextmanager
def worker(home: Path, argv: Sequence[str] = PATIENT_WORKER) -> Iterator[int]:
    """The pid of a worker process, once it waits for work."""
    with process(argv, home, "worker") as running:
        workers = Worker.objects.filter(pid=running.pid)
        wait_until(workers.exists, "the worker is ready", running)
        yield running.pid


@contextmanager
def simulated(
    home: Path, owner: Company, concentrators: int, meters: int, *more: str
) -> Iterator[None]:
    """The simulated field in a process of its own, its addresses known and no earlier ones."""
    with _listening(home, "field", concentrators, meters, *more) as ready:
        Concentrator.objects.update(host="")  # the kernel may give a port to another one
        field.connect(ready, owner)
        yield


@contextmanager
def apart(
    home: Path, owner: Company, concentrators: int, meters: int, serials: Collection[str]
) -> Iterator[None]:
    """These of the field answer from one more process: they do not wait for the others' answers."""
    with _listening(home, "apart", concentrators, meters) as ready:
        found = json.loads(ready.read_text(encoding="utf-8"))
        set_endpoints(owner, {serial: tuple(found[serial]) for serial in serials})
        yield


@contextmanager
def _listening(
    home: Path, name: str, concentrators: int, meters: int, *more: str
) -> Iterator[Path]:
    ready = home / f"{name}.json"
    ready.unlink(missing_ok=True)
    argv = (
        *(*HES, "simulate", "--seed", str(SEED), "--concentrators", str(concentrators)),
        *("--meters", str(meters), "--ready-file", str(ready)),
    )
    with process((*argv, *more), home, name):
        field.wait_until_ready(ready, lambda: None)
        yield ready
