"""The processes of the demo, in the order they start."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from hes.supervisor import Child


def child(name: str, *arguments: str, patience: float = 20.0) -> Child:
    """One `hes` command as a supervised child with our environment."""
    argv = (sys.executable, "-m", "hes.cli", *arguments)
    return Child(name, argv, dict(os.environ), patience)


def simulator(
    seed: int, concentrators: int, meters: int, ready: Path, extra: Sequence[str] = ()
) -> Child:
    """The field; it writes where every concentrator listens into `ready`."""
    return child(
        "simulator", "simulate", "--seed", str(seed), "--concentrators", str(concentrators),
        "--meters", str(meters), "--ready-file", str(ready), *extra,
    )  # fmt: skip


# Both sides of every conversation share this machine; more visits at once gain nothing here.
VISITS_AT_ONCE = 200


def listener() -> Child:
    """Hears wake-ups and last gasps."""
    return child("listener", "listen")


def worker() -> Child:
    """Engine and tasks; without a broker the engine alone."""
    broker = () if os.environ.get("REDIS_URL") else ("--no-broker",)
    return child("worker", "worker", "--concurrency", str(VISITS_AT_ONCE), *broker)


def exporters() -> list[Child]:
    """Daily files and hubs, a process each: what hangs one never touches the other."""
    return [
        child("exporter", "export", "run", "--sink", "csv_files"),
        child("relay", "export", "run", "--sink", "hubs"),
    ]


def maintainer() -> Child:
    """Makes and drops partitions, as hes_owner."""
    return child("maintenance", "maintain", "--every", "3600")
