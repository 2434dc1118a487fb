"""What the plain page at `/` shows: devices, visits, samples, sinks, files. Small queries."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from integration.export import lag
from integration.export.lag import SinkStatus
from integration.export.status import OpenAlarm, open_alarms

SINKS_SHOWN = 24

_DEVICES = """
SELECT (SELECT count(*) FROM concentrator),
       (SELECT count(*) FROM concentrator_status WHERE is_reachable),
       (SELECT count(*) FROM meter),
       (SELECT count(*) FROM meter WHERE state = 'commissioned'),
       (SELECT count(*) FROM meter_statistics WHERE is_reachable)
"""
_VISITS = """
SELECT v.id, coalesce(nullif(c.name, ''), c.serial_number), v.activities, v.started_at,
       extract(epoch FROM coalesce(v.ended_at, now()) - v.started_at)::float, v.outcome, v.error,
       v.exchanges, v.received_bytes, v.lines
FROM visit v JOIN concentrator c ON c.id = v.concentrator_id
WHERE v.started_at > now() - interval '1 day'
ORDER BY v.started_at DESC, v.id DESC LIMIT 12
"""
_OUTCOMES = """
SELECT outcome, count(*) FROM visit WHERE started_at > now() - interval '1 day'
GROUP BY outcome ORDER BY count(*) DESC
"""
_LINES = """
SELECT kind, sum(lines), sum(size), count(*) FROM export_block
WHERE day = (now() AT TIME ZONE 'UTC')::date GROUP BY kind ORDER BY sum(lines) DESC
"""
_FILES = """
SELECT path, lines, size, sealed_at IS NOT NULL FROM export_file
ORDER BY day DESC, path LIMIT 24
"""
_EVENTS = """
SELECT max(at), code, text, kind, count(*) FROM end_device_event
WHERE at > now() - interval '1 day' GROUP BY code, text, kind ORDER BY max(at) DESC LIMIT 12
"""


@dataclass(frozen=True, slots=True)
class Devices:
    concentrators: int
    concentrators_reachable: int
    meters: int
    meters_commissioned: int
    meters_reachable: int


@dataclass(frozen=True, slots=True)
class VisitRow:
    id: int
    concentrator: str
    activities: list[str]
    started_at: datetime
    seconds: float
    outcome: str
    error: str
    exchanges: int
    received_bytes: int
    lines: int


@dataclass(frozen=True, slots=True)
class KindRow:
    kind: str
    lines: int
    size: int
    blocks: int


@dataclass(frozen=True, slots=True)
class FileRow:
    path: str
    lines: int
    size: int
    is_sealed: bool


@dataclass(frozen=True, slots=True)
class EventRow:
    """One kind of event within the last 24 hours: when it was last seen, and how often."""

    at: datetime
    code: str
    text: str
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Status:
    """Everything the page shows, read in one go. Of many sinks those that lag most."""

    alarms: list[OpenAlarm]
    devices: Devices
    visits: list[VisitRow]
    outcomes: dict[str, int]
    kinds: list[KindRow]
    sinks: list[SinkStatus]
    sinks_total: int
    files: list[FileRow]
    events: list[EventRow]

    @property
    def lines_today(self) -> int:
        """Lines recorded in this UTC day, all kinds."""
        return sum(row.lines for row in self.kinds)


def read() -> Status:
    """The state of this installation now."""
    with connection.cursor() as cursor:
        cursor.execute(_DEVICES)
        devices = Devices(*cursor.fetchone())
        cursor.execute(_VISITS)
        visits = [VisitRow(*row) for row in cursor.fetchall()]
        cursor.execute(_OUTCOMES)
        outcomes = {outcome or "open": count for outcome, count in cursor.fetchall()}
        cursor.execute(_LINES)
        kinds = [KindRow(*row) for row in cursor.fetchall()]
        cursor.execute(_FILES)
        files = [FileRow(*row) for row in cursor.fetchall()]
        cursor.execute(_EVENTS)
        events = [EventRow(*row) for row in cursor.fetchall()]
    sinks = lag.sinks()
    late_first = sorted(sinks, key=lambda sink: (-(sink.lag.age or 0.0), sink.sink))
    return Status(
        alarms=open_alarms(),
        devices=devices,
        visits=visits,
        outcomes=outcomes,
        kinds=kinds,
        sinks=late_first[:SINKS_SHOWN],
        sinks_total=len(sinks),
        files=files,
        events=events,
    )
