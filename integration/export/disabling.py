"""Gives a sink up, and takes it up again: both are decisions of a person, and kept (`acts`)."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction
from django.utils import timezone

from devices.retirement import DROPPED
from hes.domain.errors import HesError
from integration.export import acts
from integration.export.known import BLOB, started
from integration.export.lag import FILES_TO_COPY
from integration.models import SinkCursor

DISABLED, ENABLED = "sink disabled", "sink enabled"

AT_STAKE = """
SELECT coalesce(sum(block.lines), 0)::bigint, coalesce(sum(block.size), 0)::bigint
FROM sink_cursor AS at JOIN export_block AS block
    ON (block.xid, block.id) > (at.xid::text::xid8, at.block_id)
    AND (at.kind = '' OR block.company_id = at.company_id AND block.kind = at.kind)
WHERE at.sink = %s AND block.recorded_at <= %s
"""
FILES_AT_STAKE = f"""
SELECT coalesce(sum(lines), 0)::bigint, coalesce(sum(size), 0)::bigint
FROM ({FILES_TO_COPY}) AS file WHERE sealed_at <= %s
"""
NEXT = """
SELECT block.recorded_at FROM sink_cursor AS at JOIN export_block AS block
    ON (block.xid, block.id) > (at.xid::text::xid8, at.block_id)
    AND (at.kind = '' OR block.company_id = at.company_id AND block.kind = at.kind)
WHERE at.sink = %s ORDER BY block.xid, block.id LIMIT 1
"""
# Each dropped partition notes what the sinks that were given up had not delivered of it.
GONE = """
SELECT (detail->>'day')::date, (detail->'given_up'->>%(sink)s)::bigint FROM export_act
WHERE act = %(dropped)s AND detail->'given_up'->>%(sink)s IS NOT NULL AND id > (
    SELECT coalesce(max(id), 0) FROM export_act WHERE act = %(enabled)s AND subject = %(sink)s)
ORDER BY 1
"""


class DisablingRefused(HesError):
    """The sink cannot be given up or taken up so."""


@dataclass(frozen=True, slots=True)
class AtStake:
    """What this sink has not delivered and nobody keeps for it any more."""

    lines: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """Where a sink goes on: `next_at` None when nothing waits; lines lost, and of which days."""

    xid: int
    block_id: int
    next_at: datetime | None
    lost_lines: int
    lost_days: list[date]


def disable(sink: str, lose_until: datetime, who: str = "") -> AtStake:
    """Stop the sink; what was recorded until then may be dropped although it lacks it.

    What comes later is kept until the sink is enabled again or disabled with a later time.
    Raises UnknownSink, DisablingRefused.
    """
    started(sink)
    if lose_until > timezone.now():
        raise DisablingRefused(f"{lose_until} is yet to come: nobody can know what would be lost")
    stake = at_stake(sink, lose_until)
    with transaction.atomic():
        SinkCursor.objects.filter(sink=sink).update(is_enabled=False, lose_until=lose_until)
        acts.note(
            DISABLED,
            sink,
            who,
            lose_until=lose_until.isoformat(),
            lines=stake.lines,
            bytes=stake.bytes,
        )
    return stake


def enable(sink: str, who: str = "") -> Resumed:
    """Let the sink go on where it stood. Raises UnknownSink, DisablingRefused."""
    if started(sink).is_enabled:
        raise DisablingRefused(f"{sink} is enabled")
    lost = _gone(sink)
    with transaction.atomic():
        SinkCursor.objects.filter(sink=sink).update(is_enabled=True, lose_until=None)
        acts.note(ENABLED, sink, who, lost_lines=sum(lines for _, lines in lost))
    row = started(sink)
    days = [day for day, _ in lost]
    return Resumed(row.xid, row.block_id, _next_at(sink), sum(n for _, n in lost), days)


def at_stake(sink: str, until: datetime) -> AtStake:
    """What was recorded until then (for `blob`: sealed) and this sink has not delivered."""
    with connection.cursor() as cursor:
        if sink == BLOB:
            cursor.execute(FILES_AT_STAKE, [until])
        else:
            cursor.execute(AT_STAKE, [sink, until])
        return AtStake(*cursor.fetchone())


def _gone(sink: str) -> list[tuple[date, int]]:
    with connection.cursor() as cursor:
        cursor.execute(GONE, {"sink": sink, "dropped": DROPPED, "enabled": ENABLED})
        return list(cursor.fetchall())


def _next_at(sink: str) -> datetime | None:
    if sink == BLOB:
        return None
    with connection.cursor() as cursor:
        cursor.execute(NEXT, [sink])
        row = cursor.fetchone()
    return row[0] if row else None
