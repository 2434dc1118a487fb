"""Looks at the export every few seconds and raises or clears what a person should look at.

It keeps nothing between two looks, so any number of processes may do it at once: every exporter
does, and a tick of Celery for the case that none lives.
"""

import socket
from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from devices import alarms
from integration.export import horizon, lag
from integration.export.known import BLOB
from integration.export.lag import SinkStatus
from workorders import disk

LAG, HORIZON, DISK = "export_lag", "export_horizon", "disk_floor"
BLOB_LAG_ALARM = 3600.0  # seconds; a night's files take longer than a block (assumed)
FORGET_DISK = timedelta(minutes=10)  # the host that told of it is gone
SUBJECT = 80


def look() -> None:
    """All of it once: a few small queries."""
    look_at_lag()
    look_at_horizon()
    look_at_disk()


def look_at_lag() -> None:
    """Raise an alarm for every enabled sink that leaves blocks waiting too long."""
    late = [sink for sink in lag.sinks() if _is_late(sink)]
    for sink in late:
        alarms.raise_alarm(LAG, sink.sink, _told(sink))
    _clear_others(LAG, {sink.sink for sink in late})


def look_at_horizon() -> None:
    """Raise an alarm about a transaction that holds every sink back."""
    holder = horizon.holder()
    subjects = set()
    if holder and holder.age > horizon.WARN_AFTER:
        subjects.add(holder.subject)
        text = f"nothing recorded since is exported, held {holder}; end it: {holder.cure}"
        alarms.raise_alarm(HORIZON, holder.subject, text)
    _clear_others(HORIZON, subjects)


def look_at_disk() -> None:
    """Raise an alarm while engines on this host's disk start no bulk visits (`workorders.disk`)."""
    path, floor = settings.DATABASE_DISK, settings.DISK_FLOOR
    subject = f"{socket.gethostname()}:{path}"[:SUBJECT]
    told = alarms.open_alarms().filter(name=DISK)
    free = disk.free_bytes(path)
    if disk.is_below(free, floor, was_below=told.filter(subject=subject).exists()):
        text = f"{free:,} bytes are free, the floor is {floor:,}: no new bulk visits; make room"
        alarms.raise_alarm(DISK, subject, text)
    else:
        alarms.clear(DISK, subject)
    for silent in told.filter(seen_at__lt=Now() - FORGET_DISK):
        alarms.clear(DISK, silent.subject)


def _is_late(sink: SinkStatus) -> bool:
    limit = BLOB_LAG_ALARM if sink.sink == BLOB else settings.EXPORT_LAG_ALARM
    return sink.is_enabled and sink.lag.age is not None and sink.lag.age > limit


def _told(sink: SinkStatus) -> str:
    text = f"{sink.lag.lines:,} lines wait, the oldest for {sink.lag.age:.0f} s; it is {sink.state}"
    return f"{text}: {sink.last_error}" if sink.last_error else text


def _clear_others(name: str, subjects: Collection[str]) -> None:
    for alarm in alarms.open_alarms().filter(name=name).exclude(subject__in=subjects):
        alarms.clear(name, alarm.subject)
