"""Where the listeners stand: `hes listeners status`, metrics and alarms read it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db import connection

from devices.alarms import open_alarms
from hes.lib.tables import table
from listeners import counts

SILENT_AFTER = 10.0  # seconds; a listener tells of itself once a second
SHOWN_FOR = "1 day"  # a run that has ended
_TOTALS = """
SELECT coalesce(sum(received), 0)::bigint, coalesce(sum(kernel_drops), 0)::bigint,
       coalesce(sum(refused), 0)::bigint
FROM listener_run
"""
_RUNS = """
SELECT host, ports, ended_at IS NULL AND seen_at > now() - %(silent)s * interval '1 second',
       extract(epoch FROM now() - seen_at)::float8, received, kernel_drops, refused, buffer,
       spooled, coalesce(extract(epoch FROM now() - waiting_since), 0)::float8
FROM listener_run WHERE seen_at > now() - %(shown)s::interval
ORDER BY started_at, uid
"""


@dataclass(frozen=True, slots=True)
class RunStatus:
    """One start of `hes listen`, see ListenerRun; `lag_s` is the age of the oldest that waits."""

    host: str
    ports: str
    is_alive: bool
    seen_s: float
    received: int
    kernel_drops: int
    refused: int
    buffer: int
    spooled: int
    lag_s: float


@dataclass(frozen=True, slots=True)
class Status:
    """All of them since ever; `lag_s` of those that live, None where none does.

    Of `received` those that were understood are stored, duplicates, suspects or rejected.
    """

    received: int
    kernel_drops: int
    refused: int
    stored: int
    duplicates: int
    suspects: int
    rejected: int
    spooled: int
    lag_s: float | None
    listeners: Sequence[RunStatus]
    alarms: Sequence[str]


def read() -> Status:
    """Three small queries, and the alarms."""
    runs = _runs()
    alive = [run for run in runs if run.is_alive]
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS)
        received, drops, refused = cursor.fetchone()
    return Status(
        received=received,
        kernel_drops=drops,
        refused=refused,
        **counts.totals()._asdict(),
        spooled=sum(run.spooled for run in alive),
        lag_s=max((round(run.lag_s, 3) for run in alive), default=None),
        listeners=runs,
        alarms=_alarms(),
    )


def as_json() -> str:
    """For programs."""
    return json.dumps(asdict(read()), indent=2)


def describe() -> str:
    """For people."""
    status = read()
    head = ("LISTENER", "PORTS", "STATE", "RECEIVED", "DROPPED", "ON DISK", "LAG S", "BUFFER")
    rows = [head, *map(_row, status.listeners)]
    totals = f"{status.received:,} received, {status.kernel_drops:,} dropped by the kernel"
    meant = (
        f"{status.stored:,} stored, {status.duplicates:,} duplicates, {status.suspects:,} suspect, "
        f"{status.rejected:,} rejected"
    )
    return "\n".join([*table(rows), "", totals, meant, *status.alarms])


def _row(run: RunStatus) -> tuple[str, ...]:
    state = "listens" if run.is_alive else f"silent for {run.seen_s:.0f} s"
    counts = (run.received, run.kernel_drops, run.spooled)
    shown = (f"{count:,}" for count in counts)
    return (run.host, run.ports, state, *shown, f"{run.lag_s:.1f}", f"{run.buffer:,}")


def _runs() -> list[RunStatus]:
    with connection.cursor() as cursor:
        cursor.execute(_RUNS, {"silent": SILENT_AFTER, "shown": SHOWN_FOR})
        return [RunStatus(*row) for row in cursor.fetchall()]


def _alarms() -> list[str]:
    ours = open_alarms().filter(name__startswith="listener_")
    return [f"{alarm.name} {alarm.subject}: {alarm.text}" for alarm in ours]
