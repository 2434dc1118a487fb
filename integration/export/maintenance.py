"""Makes the next partitions and drops the old ones, as hes_owner (design D11).

A day of blocks goes when it is older than BLOCK_DAYS, passed by every sink that reads blocks, and
its files are sealed. A sink that was given up keeps only what was recorded after `lose_until`. The
slot ledger goes when no company takes samples of the day any more, raw datagrams after
DATAGRAM_DAYS: they were understood within seconds. The partitions by month
(`end_device_event`, `slot`, `visit`) stay: no document says how long.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db import OperationalError, connection, transaction

from devices.partition_drops import DayPartition, Step, bounded, day_partitions, detach, drop
from integration.export import acts
from integration.export.disabling import DROPPED
from integration.export.known import BLOB, CSV_FILES
from integration.export.ownership import session_lock
from workorders import planning

log = logging.getLogger(__name__)

LEDGER_MARGIN = 5  # days beyond the longest ledger

TODAY = "SELECT (now() AT TIME ZONE 'UTC')::date"
TOTALS = "SELECT count(*), coalesce(sum(lines), 0)::bigint, max(recorded_at) FROM {blocks}"
# Lines of the day that a sink has not passed: those it still wants, and those it was given up for.
LEFT = """
SELECT at.sink, waits.held, waits.given_up
FROM sink_cursor AS at, LATERAL (
    SELECT coalesce(sum(lines) FILTER (WHERE is_held), 0)::bigint AS held,
           coalesce(sum(lines) FILTER (WHERE NOT is_held), 0)::bigint AS given_up
    FROM (
        SELECT lines, at.is_enabled
                   OR recorded_at > coalesce(at.lose_until, '-infinity') AS is_held
        FROM {blocks} AS block
        WHERE (xid, id) > (at.xid::text::xid8, at.block_id)
          AND (at.kind = '' OR company_id = at.company_id AND block.kind = at.kind)
    ) AS next
) AS waits
WHERE at.sink <> %s ORDER BY at.sink
"""
# Files of a day are sealed; or the sink that writes them was given up for all of it.
FILES_SETTLED = """
SELECT EXISTS (SELECT FROM export_day WHERE day = %s AND sealed_at IS NOT NULL)
    OR EXISTS (SELECT FROM sink_cursor
               WHERE sink = %s AND NOT is_enabled AND lose_until >= %s)
"""
REPLAYED = """
SELECT sink FROM sink_replay JOIN sink_cursor USING (sink)
WHERE done_at IS NULL AND is_enabled AND begins < %(day)s::date + 1 AND ends >= %(day)s::date
LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an old partition, and why."""

    name: str
    is_dropped: bool
    why: str

    def __str__(self) -> str:
        return f"{self.name}  {'dropped' if self.is_dropped else 'kept'}: {self.why}"


@dataclass(frozen=True, slots=True)
class Content:
    """What a day of blocks holds, and which sinks lack how many lines of it."""

    blocks: int
    lines: int
    held: dict[str, int]
    given_up: dict[str, int]
    is_settled: bool

    def why_kept(self) -> str:
        """'' when nobody needs it any more."""
        if self.blocks == 0:
            return ""
        needs = [f"{sink} has {lines:,} lines of it left" for sink, lines in self.held.items()]
        if not self.is_settled:
            needs.append("its files are not sealed")
        return "; ".join(needs)


def prepare() -> str:
    """Make what planning and recording need next; tells how many partitions were made.

    A new partition locks its table for a moment: who records must not queue for long behind that.
    """
    with bounded():
        try:
            return f"{planning.ensure_partitions(_today())} partitions made"
        except OperationalError as fault:
            return f"no partitions made, {_later(fault)}"


def retire(*, dry_run: bool = False) -> Iterator[Verdict]:
    """Drop what is old and passed by all, one after the other; tells of each old partition.

    A wait that gets too long leaves a partition as it is, also half detached: the next run ends it.
    """
    with session_lock("maintenance") as is_ours, bounded():
        if is_ours:
            yield from _retire(_today(), dry_run)
        else:
            log.info("another process is dropping partitions")


def _retire(today: date, dry_run: bool) -> Iterator[Verdict]:
    blocks_before = today - timedelta(days=settings.BLOCK_DAYS)
    ledger_before = today - timedelta(days=planning.longest_ledger() + LEDGER_MARGIN)
    for partition in _older("export_block", blocks_before):
        yield _retire_blocks(partition, dry_run)
    datagrams_before = today - timedelta(days=settings.DATAGRAM_DAYS)
    for partition in _older("slot_ledger", ledger_before):
        yield _drop(partition, "no sample of it is taken any more", {}, dry_run)
    for partition in _older("datagram", datagrams_before):
        yield _drop(partition, f"kept for {settings.DATAGRAM_DAYS} days", {}, dry_run)


def _retire_blocks(partition: DayPartition, dry_run: bool) -> Verdict:
    content = _content(partition)
    if partition.step is Step.ATTACHED:
        kept = content.why_kept() or _replayed(partition.day)
        if kept:
            return Verdict(partition.name, False, kept)
    why = f"{content.blocks:,} blocks, {content.lines:,} lines, passed by every sink"
    if content.given_up:
        why += f" but those given up: {_listed(content.given_up)}"
    detail = {
        "day": str(partition.day),
        "blocks": content.blocks,
        "lines": content.lines,
        "given_up": content.given_up,
    }
    return _drop(partition, why, detail, dry_run)


def _drop(partition: DayPartition, why: str, detail: dict[str, object], dry_run: bool) -> Verdict:
    if dry_run:
        return Verdict(partition.name, False, f"a dry run, else dropped: {why}")
    try:
        detach(partition)
        with transaction.atomic():
            drop(partition)
            acts.note(DROPPED, partition.name, "", **detail)
    except OperationalError as fault:  # a time-out; what else it may be, the next statement tells
        return Verdict(partition.name, False, _later(fault))
    return Verdict(partition.name, True, why)


def _content(partition: DayPartition) -> Content:
    """Read from the partition itself, which may be detached by now."""
    with connection.cursor() as cursor:
        cursor.execute(TOTALS.format(blocks=partition.name))
        blocks, lines, newest = cursor.fetchone()
        cursor.execute(LEFT.format(blocks=partition.name), [BLOB])
        left = cursor.fetchall()
        cursor.execute(FILES_SETTLED, [partition.day, CSV_FILES, newest])
        return Content(
            blocks,
            lines,
            held={sink: held for sink, held, _ in left if held},
            given_up={sink: lost for sink, _, lost in left if lost},
            is_settled=cursor.fetchone()[0],
        )


def _replayed(day: date) -> str:
    with connection.cursor() as cursor:
        cursor.execute(REPLAYED, {"day": day})
        row = cursor.fetchone()
    return f"a replay of {row[0]} needs it" if row else ""


def _later(fault: OperationalError) -> str:
    reason = str(fault).partition("\n")[0]
    return f"tried again next time: {reason}"


def _older(table: str, limit: date) -> list[DayPartition]:
    return [partition for partition in day_partitions(table) if partition.day < limit]


def _listed(lines: dict[str, int]) -> str:
    return ", ".join(f"{sink} loses {count:,} lines" for sink, count in lines.items())


def _today() -> date:
    with connection.cursor() as cursor:
        cursor.execute(TODAY)
        day: date = cursor.fetchone()[0]
    return day
