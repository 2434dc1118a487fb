"""When blocks and the slot ledger are old, and who still needs them (design D11).

A day of blocks goes when it is older than BLOCK_DAYS, passed by every sink that reads blocks, and
its files are sealed. A sink that was given up keeps only what was recorded after `lose_until`. The
slot ledger goes when no company takes samples of the day any more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from django.conf import settings
from django.db import connection

from devices.partition_drops import Partition
from devices.retirement import Detail, Retirement, Verdict
from integration.export.known import BLOB, CSV_FILES
from workorders import planning

LEDGER_MARGIN = 5  # days beyond the longest ledger

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


def retire(run: Retirement) -> Iterator[Verdict]:
    """Drop what is old and passed by all, one after the other; tells of each old partition."""
    for partition in run.older("export_block", run.today - timedelta(days=settings.BLOCK_DAYS)):
        yield _retire_blocks(run, partition)
    ledger_days = planning.longest_ledger() + LEDGER_MARGIN
    for partition in run.older("slot_ledger", run.today - timedelta(days=ledger_days)):
        yield run.drop(partition, "no sample of it is taken any more")


def _retire_blocks(run: Retirement, partition: Partition) -> Verdict:
    content = _content(partition)
    why = f"{content.blocks:,} blocks, {content.lines:,} lines, passed by every sink"
    if content.given_up:
        why += f" but those given up: {_listed(content.given_up)}"
    detail: Detail = {
        "day": str(partition.begins),
        "blocks": content.blocks,
        "lines": content.lines,
        "given_up": content.given_up,
    }
    return run.drop(partition, why, detail, needed=partial(_needed, partition))


def _needed(partition: Partition) -> str:
    return _content(partition).why_kept() or _replayed(partition.begins)


def _content(partition: Partition) -> Content:
    """Read from the partition itself, which may be detached by now."""
    with connection.cursor() as cursor:
        cursor.execute(TOTALS.format(blocks=partition.name))
        blocks, lines, newest = cursor.fetchone()
        cursor.execute(LEFT.format(blocks=partition.name), [BLOB])
        left = cursor.fetchall()
        cursor.execute(FILES_SETTLED, [partition.begins, CSV_FILES, newest])
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


def _listed(lines: dict[str, int]) -> str:
    return ", ".join(f"{sink} loses {count:,} lines" for sink, count in lines.items())
