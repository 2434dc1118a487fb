"""What `hes export status` shows: where the sinks stand, what waits, who is in the way."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from django.db.models import Count
from django.db.models.functions import Now, TruncDate

from devices import alarms
from hes.lib.tables import table
from integration.export import horizon, known, lag, replay
from integration.export.horizon import Holder
from integration.export.lag import SinkStatus, State
from integration.export.replay import Progress
from integration.models import DeadLetter, ExportFile

Row = Sequence[str]

SINKS = (
    *("SINK", "STATE", "XID", "BLOCK", "LINES", "BYTES", "AGE S", "DELIVERED", "MESSAGES"),
    "LAST ERROR",
)
ALARMS = ("ALARM", "SUBJECT", "SINCE", "WHAT")
REPLAYS = ("REPLAY", "FROM", "TO", "BY", "SENT", "LEFT")
LETTERS = ("DEAD LETTERS OF", "COUNT")
FILES = ("FILE", "LINES", "BYTES", "STATE")


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """What stands, and since when."""

    name: str
    subject: str
    since: datetime
    text: str


@dataclass(frozen=True, slots=True)
class FileStatus:
    """A file of the current UTC day."""

    path: str
    lines: int
    bytes: int
    is_sealed: bool


@dataclass(frozen=True, slots=True)
class Status:
    """The whole export at one moment. `copies_waiting`: files the blob sink has not copied yet."""

    sinks: list[SinkStatus]
    never_started: list[str]
    alarms: list[OpenAlarm]
    horizon: Holder | None
    replays: list[Progress]
    dead_letters: dict[str, int]
    copies_waiting: int
    files: list[FileStatus]


def read() -> Status:
    """By a handful of queries, whatever the number of sinks."""
    return Status(
        sinks=lag.sinks(),
        never_started=known.never_started(),
        alarms=open_alarms(),
        horizon=horizon.holder(),
        replays=replay.under_way(),
        dead_letters=dead_letters(),
        copies_waiting=lag.copies_waiting(),
        files=_files_of_today(),
    )


def open_alarms() -> list[OpenAlarm]:
    """Oldest first."""
    rows = alarms.open_alarms().values_list("name", "subject", "raised_at", "text")
    return [OpenAlarm(*row) for row in rows]


def dead_letters() -> dict[str, int]:
    """How many messages of each sink are parked and not sent since."""
    waiting = DeadLetter.objects.filter(sent_at=None).values_list("sink")
    return dict(waiting.annotate(count=Count("id")).order_by("sink"))


def describe(status: Status | None = None) -> str:
    """The whole page, columns aligned."""
    status = status or read()
    holder = status.horizon
    facts = [
        f"horizon              {f'held {holder}; end it: {holder.cure}' if holder else 'free'}",
        f"blob copies waiting  {status.copies_waiting:,}",
    ]
    idle = map(_never_started, status.never_started)
    parts: list[tuple[Row, list[Row]]] = [
        (SINKS, [*map(_sink, status.sinks), *idle]),
        (ALARMS, [(a.name, a.subject, _at(a.since), a.text) for a in status.alarms]),
        (REPLAYS, list(map(_replay, status.replays))),
        (LETTERS, [(sink, f"{count:,}") for sink, count in status.dead_letters.items()]),
        (FILES, list(map(_file, status.files))),
    ]
    tables = ["\n".join(table([head, *rows])) for head, rows in parts if rows]
    return "\n\n".join([tables[0], "\n".join(facts), *tables[1:]])


def as_json(status: Status | None = None) -> str:
    """The same for programs; ages in seconds, times in ISO 8601."""
    status = status or read()
    content = asdict(status)
    for sink, shown in zip(status.sinks, content["sinks"], strict=True):
        shown |= {"state": sink.state, "position": sink.position._asdict()}
    return json.dumps(content, indent=1, default=str)


def _files_of_today() -> list[FileStatus]:
    """By the database clock."""
    files = ExportFile.objects.filter(day=TruncDate(Now(), tzinfo=UTC)).order_by("path")
    return [FileStatus(f.path, f.lines, f.size, f.sealed_at is not None) for f in files]


def _sink(sink: SinkStatus) -> Row:
    waiting = sink.lag
    return (
        *(sink.sink, sink.state, *map(str, sink.position)),
        *(f"{waiting.lines:,}", f"{waiting.bytes:,}"),
        "-" if waiting.age is None else f"{waiting.age:.1f}",
        *(f"{sink.lines:,}", f"{sink.messages:,}", sink.last_error),
    )


def _never_started(sink: str) -> Row:
    return (sink, State.NEVER_STARTED, *["-"] * (len(SINKS) - 3), "")


def _replay(progress: Progress) -> Row:
    times = _at(progress.begins), _at(progress.ends)
    sent, left = f"{progress.sent:,}", f"{progress.left:,}"
    return (progress.sink, *times, progress.asked_by, sent, left)


def _file(file: FileStatus) -> Row:
    state = "sealed" if file.is_sealed else "open"
    return (file.path, f"{file.lines:,}", f"{file.bytes:,}", state)


def _at(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
