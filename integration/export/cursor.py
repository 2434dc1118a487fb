"""Reads export blocks in the order `(xid, id)` behind the snapshot horizon (design D11).

A transaction draws its block ids long before it commits, so an `id` that is already passed may
still appear: a cursor over `id` loses it. The horizon alone does not help, because a transaction
that is old enough to be behind it may hold a larger `id` than one that is still running. Ordered
by `(xid, id)`, everything below `pg_snapshot_xmin` is finished and nothing can appear below it.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from devices.outbox.blocks import read_lines
from hes.domain.errors import HesError

PASS_BYTES = 8 * 1024 * 1024
PASS_BLOCKS = 4_000


class ForeignCluster(HesError):
    """The sink's position counts the transactions of another PostgreSQL cluster."""


class OwnershipLost(HesError):
    """Another exporter took the sink over, or an operator disabled it."""


class DamagedBlock(HesError):
    """A stored block does not hold the lines it claims."""


class Position(NamedTuple):
    """The last block a sink has passed; ordered."""

    xid: int
    block_id: int


START = Position(0, 0)


class Stream(NamedTuple):
    """What a sink carries: the blocks of one kind of one company; None for all blocks."""

    company_id: int
    kind: str


@dataclass(frozen=True, slots=True)
class Owner:
    """The right to move one sink; a higher epoch in the database ends it."""

    sink: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Block:
    """One export block as stored; `size` counts the bytes of its lines, uncompressed."""

    position: Position
    uid: UUID
    kind: str
    company_id: int
    day: date
    concentrator_id: int | None
    utc_offset: int  # minutes east of UTC of the stamps in its lines
    lines: int
    size: int
    is_compressed: bool
    body: bytes | memoryview

    def text(self) -> bytes:
        """The lines, each ended by a newline. Raises DamagedBlock rather than a torn line."""
        try:
            text = read_lines(self.body, self.is_compressed)
        except zlib.error as fault:
            raise DamagedBlock(f"export block {self.position}: {fault}") from fault
        held = (text.count(b"\n"), len(text))
        if held != (self.lines, self.size) or text[-1:] != b"\n":
            raise DamagedBlock(
                f"export block {self.position} claims (lines, bytes) {(self.lines, self.size)} and "
                f"holds {held}; the sink waits before it, have the owner look at that row"
            )
        return text


COLUMNS = (
    "xid::text::bigint, id, uid, kind, company_id, day, concentrator_id, coalesce(utc_offset, 0),"
    " lines, size, is_compressed, body"
)

# The sum runs over sizes only: a body beyond the limit is never fetched.
READ = """
SELECT {columns}
FROM (
    SELECT *, sum(size) OVER (ORDER BY xid, id ROWS UNBOUNDED PRECEDING) - size AS before
    FROM (
        SELECT * FROM export_block
        WHERE (xid, id) > (%s::text::xid8, %s)
          AND xid < pg_snapshot_xmin(pg_current_snapshot()) {more}
        ORDER BY xid, id LIMIT %s
    ) AS next
) AS measured
WHERE before < %s ORDER BY xid, id
"""
OF_STREAM = "AND company_id = %s AND kind = %s"
UP_TO = "AND (xid, id) <= (%s::text::xid8, %s)"

# Ordered, so that it walks the index from the position and not the table.
NEXT = """
SELECT xid FROM export_block WHERE (xid, id) > (%s::text::xid8, %s) ORDER BY xid, id LIMIT 1
"""
NEXT_OF_STREAM = NEXT.replace("ORDER BY", f"{OF_STREAM} ORDER BY")

# A first start makes the row. Another cluster's row is left alone: nothing is returned.
TAKE_OVER = """
INSERT INTO sink_cursor (sink, company_id, kind, system_identifier, owner_epoch)
SELECT %s, %s, %s, system_identifier, 1 FROM pg_control_system()
ON CONFLICT (sink) DO UPDATE SET owner_epoch = sink_cursor.owner_epoch + 1
    WHERE sink_cursor.system_identifier = excluded.system_identifier
RETURNING owner_epoch
"""


def read_after(
    position: Position,
    max_bytes: int = PASS_BYTES,
    stream: Stream | None = None,
    up_to: Position | None = None,
) -> list[Block]:
    """The next finished blocks in order: at least one if there is one, else about `max_bytes`.

    `stream` reads only its blocks, `up_to` none beyond that position.
    """
    more = " ".join([OF_STREAM if stream else "", UP_TO if up_to else ""])
    values = [*position, *(stream or ()), *(up_to or ()), PASS_BLOCKS, max_bytes]
    with connection.cursor() as cursor:
        cursor.execute(READ.format(columns=COLUMNS, more=more), values)
        return [block_from(row) for row in cursor.fetchall()]


def block_from(row: Sequence[Any]) -> Block:
    """A block from a row of COLUMNS."""
    return Block(Position(row[0], row[1]), *row[2:])


def has_more(position: Position, stream: Stream | None = None) -> bool:
    """Whether any committed block lies beyond, hidden by the horizon or not."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT_OF_STREAM if stream else NEXT, [*position, *(stream or ())])
        return cursor.fetchone() is not None


def take_over(sink: str, stream: Stream | None = None) -> Owner:
    """Begin a new owner epoch; whoever moved the sink before can commit nothing from now on.

    `stream` is noted at the first start of a sink that carries one.
    """
    company_id, kind = stream or (None, "")
    with connection.cursor() as cursor:
        cursor.execute(TAKE_OVER, [sink, company_id, kind])
        row = cursor.fetchone()
        if row is None:
            raise _foreign_cluster(sink)
        return Owner(sink, row[0])


def position_of(owner: Owner) -> Position:
    """Where the sink stands. Raises OwnershipLost."""
    return _owned(owner, "")


def hold(owner: Owner) -> Position:
    """The same, and nobody takes the sink over before this transaction ends."""
    return _owned(owner, " FOR UPDATE")


def advance(owner: Owner, position: Position) -> None:
    """Move the sink; belongs into the transaction that records what moving it has done."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sink_cursor SET xid = %s, block_id = %s, moved_at = now()"
            " WHERE sink = %s AND owner_epoch = %s AND is_enabled",
            [*position, owner.sink, owner.epoch],
        )
        if cursor.rowcount != 1:
            raise OwnershipLost(f"{owner.sink}: epoch {owner.epoch} is over, nothing was recorded")


def _owned(owner: Owner, locking: str) -> Position:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xid, block_id FROM sink_cursor"
            f" WHERE sink = %s AND owner_epoch = %s AND is_enabled{locking}",
            [owner.sink, owner.epoch],
        )
        row = cursor.fetchone()
    if row is None:
        raise OwnershipLost(f"{owner.sink}: epoch {owner.epoch} is over, or the sink is disabled")
    return Position(*row)


def _foreign_cluster(sink: str) -> ForeignCluster:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.system_identifier, p.system_identifier, c.stream_epoch"
            " FROM sink_cursor c, pg_control_system() p WHERE c.sink = %s",
            [sink],
        )
        theirs, ours, epoch = cursor.fetchone()
    return ForeignCluster(
        f"{sink}: its position (stream epoch {epoch}) belongs to the PostgreSQL cluster {theirs}, "
        f"this is {ours}; transaction numbers mean nothing across clusters. Point DATABASE_URL at "
        "the first one, or, after a restore from a dump, have the owner renumber the blocks"
    )
