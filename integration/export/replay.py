"""Asks a hub's relay to send again what was recorded within a span of time.

The relay does it beside the live stream (`integration.export.sinks.event_hub.replays`), up to
where the live stream stands: what lies beyond comes live anyway.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from devices.partition_drops import Step, partitions_of
from hes.domain.errors import HesError
from hes.lib.person import person
from integration.export import acts
from integration.export.known import BLOB, CSV_FILES, started
from integration.export.moments import spans
from integration.models import SinkReplay

DAY = timedelta(days=1)
INSTEAD = {
    CSV_FILES: "files hold each line once: rebuild one with `hes export regenerate`",
    BLOB: "copies are made once: compare files and blocks with `hes export verify DAY`, "
    "rebuild a file with `hes export regenerate`",
}

# What the relay reads: of its stream, recorded in the span, not sent by this replay, behind live.
LEFT = """
SELECT replay.sink, replay.begins, replay.ends, replay.asked_by, replay.lines,
       count(block.id), coalesce(sum(block.lines), 0)::bigint
FROM sink_replay AS replay JOIN sink_cursor AS at USING (sink) LEFT JOIN export_block AS block
    ON block.company_id = at.company_id AND block.kind = at.kind
    AND (block.xid, block.id) > (replay.xid::text::xid8, replay.block_id)
    AND (block.xid, block.id) <= (at.xid::text::xid8, at.block_id)
    AND block.day BETWEEN (replay.begins AT TIME ZONE 'UTC')::date - 1
        AND (replay.ends AT TIME ZONE 'UTC')::date + 1
    AND block.recorded_at >= replay.begins AND block.recorded_at < replay.ends
WHERE replay.done_at IS NULL AND (%(one)s::bigint IS NULL OR replay.id = %(one)s)
GROUP BY replay.id ORDER BY replay.id
"""


class ReplayRefused(HesError):
    """This cannot be sent again; says why, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Progress:
    """An open replay: lines sent again so far; blocks and lines that are left."""

    sink: str
    begins: datetime
    ends: datetime
    asked_by: str
    sent: int
    blocks: int
    left: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, and the days of the span of which no block is kept any more."""

    progress: Progress
    missing: list[date]


def ask(
    sink: str, begins: datetime, ends: datetime, who: str = "", *, partial: bool = False
) -> Asked:
    """Enter the wish, audited. `partial`: although days of the span are gone.

    Raises ReplayRefused, UnknownSink.
    """
    missing = _checked(sink, begins, ends, partial)
    with transaction.atomic():
        replay = SinkReplay.objects.create(
            sink=sink, begins=begins, ends=ends, asked_by=who or person()
        )
        progress = under_way(replay.pk)[0]
        acts.note(
            "replay",
            sink,
            who,
            begins=begins.isoformat(),
            ends=ends.isoformat(),
            lines=progress.left,
            missing=spans(missing),
        )
    return Asked(progress, missing)


def under_way(one: int | None = None) -> list[Progress]:
    """Replays that are not done, in the order they are worked off; or the `one` of this number."""
    with connection.cursor() as cursor:
        cursor.execute(LEFT, {"one": one})
        return [Progress(*row) for row in cursor.fetchall()]


def _checked(sink: str, begins: datetime, ends: datetime, partial: bool) -> list[date]:
    if sink in INSTEAD:
        raise ReplayRefused(f"{sink} cannot send again: {INSTEAD[sink]}")
    row = started(sink)
    if not row.is_enabled:
        raise ReplayRefused(f"{sink} is disabled: `hes export enable {sink}` first")
    if begins >= ends:
        raise ReplayRefused(f"the span ends at {ends} before it begins at {begins}")
    if ends > timezone.now():
        raise ReplayRefused(f"{ends} is yet to come: what will be recorded is sent live")
    missing = _missing(begins, ends)
    if missing and not partial:
        raise ReplayRefused(
            f"no blocks are kept of {spans(missing)}; the daily files hold these lines. "
            "Give --partial to send the rest"
        )
    return missing


def _missing(begins: datetime, ends: datetime) -> list[date]:
    kept = {part.begins for part in partitions_of("export_block") if part.step is Step.ATTACHED}
    return [day for day in _days(begins, ends) if day not in kept]


def _days(begins: datetime, ends: datetime) -> Iterator[date]:
    """The UTC days of a span that ends just before `ends`."""
    day, last = timezone.localdate(begins), timezone.localdate(ends - timedelta.resolution)
    while day <= last:
        yield day
        day += DAY
