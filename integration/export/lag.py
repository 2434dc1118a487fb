"""How far every sink has come, and what waits for it: one query for all of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import connection

from integration.export.cursor import Position
from integration.export.known import BLOB


class State(StrEnum):
    """How a sink is doing, in one word or three."""

    ENABLED = "enabled"
    FAILING = "failing"
    NOT_SERVED = "not served"  # no process holds it
    DISABLED = "disabled"
    NEVER_STARTED = "never started"


@dataclass(frozen=True, slots=True)
class Lag:
    """What waits: blocks beyond the position, for `blob` sealed files; bytes as text, not packed.

    `age`: seconds since the oldest of it was recorded (a file: sealed); None when nothing waits.
    """

    lines: int = 0
    bytes: int = 0
    age: float | None = None


@dataclass(frozen=True, slots=True)
class SinkStatus:
    """One sink now. `lines`, `messages`: delivered; `failing`: seconds since all was well."""

    sink: str
    position: Position
    lag: Lag
    epoch: int
    is_enabled: bool
    is_served: bool
    lose_until: datetime | None
    lines: int
    messages: int
    failing: float | None
    last_error: str

    @property
    def state(self) -> State:
        """What a person should know first."""
        if not self.is_enabled:
            return State.DISABLED
        if not self.is_served:
            return State.NOT_SERVED
        return State.ENABLED if self.failing is None else State.FAILING


# Copied to the container that was used last: `.done` goes after its file.
FILES_TO_COPY = """
SELECT lines, size, sealed_at FROM export_file AS file
WHERE sealed_at IS NOT NULL AND removed_at IS NULL AND NOT EXISTS (
    SELECT FROM blob_copy AS copy
    WHERE copy.path = file.path || '.done' AND copy.done_at IS NOT NULL
      AND copy.container = (SELECT container FROM blob_copy ORDER BY id DESC LIMIT 1)
)
"""

# Each branch is entered for its sort of sink only, so that each walks the index made for it.
# Who serves a sink holds its advisory lock (`integration.export.ownership`).
SINKS = f"""
WITH served AS (
    SELECT classid, objid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
SELECT at.sink, at.xid, at.block_id, waiting.lines, waiting.size,
       extract(epoch FROM clock_timestamp() - waiting.since)::float,
       at.owner_epoch, at.is_enabled,
       EXISTS (SELECT FROM served WHERE classid = hashtext('hes.sink')::oid
               AND objid = hashtext(at.sink)::oid),
       at.lose_until, at.lines, at.messages,
       extract(epoch FROM clock_timestamp() - at.failing_since)::float, at.last_error
FROM sink_cursor AS at, LATERAL (
    SELECT coalesce(sum(lines), 0)::bigint AS lines, coalesce(sum(size), 0)::bigint AS size,
           min(since) AS since
    FROM (
        SELECT lines, size, recorded_at AS since FROM export_block
        WHERE at.kind = '' AND at.sink <> '{BLOB}'
          AND (xid, id) > (at.xid::text::xid8, at.block_id)
        UNION ALL
        SELECT lines, size, recorded_at FROM export_block
        WHERE at.kind <> '' AND company_id = at.company_id AND kind = at.kind
          AND (xid, id) > (at.xid::text::xid8, at.block_id)
        UNION ALL
        SELECT lines, size, sealed_at FROM ({FILES_TO_COPY}) AS file WHERE at.sink = '{BLOB}'
    ) AS next
) AS waiting
ORDER BY at.sink
"""


def sinks() -> list[SinkStatus]:
    """Every sink that was ever started, by name."""
    with connection.cursor() as cursor:
        cursor.execute(SINKS)
        return [
            SinkStatus(row[0], Position(*row[1:3]), Lag(*row[3:6]), *row[6:])
            for row in cursor.fetchall()
        ]


def copies_waiting() -> int:
    """Sealed files that the blob sink has still to copy; 0 where there is no such sink."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM ({FILES_TO_COPY}) AS file"
            " WHERE EXISTS (SELECT FROM sink_cursor WHERE sink = %s)",
            [BLOB],
        )
        return int(cursor.fetchone()[0])
