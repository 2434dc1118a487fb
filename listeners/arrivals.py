"""Reads the raw journal in the order `(xid, id)`, behind the snapshot horizon (design D11)."""

from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from listeners.cursors import Place


class Arrived(NamedTuple):
    """One datagram as it came: `received` as UTC epoch seconds, our `port`, 2 KiB of `raw`."""

    xid: int
    id: int
    received: float
    source: str
    port: int
    size: int
    raw: bytes

    @property
    def place(self) -> Place:
        """Where a reader stands that has passed it."""
        return Place(self.xid, self.id)

    @property
    def second(self) -> int:
        """Of its receipt."""
        return int(self.received)


_AFTER = """
FROM datagram d WHERE (d.xid, d.id) > (%s::text::xid8, %s)
    AND d.xid < pg_snapshot_xmin(pg_current_snapshot())
"""
# The names are qualified: a bare `xid` would mean the output column, and sort all that waits.
_READ = f"""
SELECT d.xid::text::bigint, d.id, extract(epoch FROM d.received_at)::float8, host(d.source),
       d.port, d.size, d.raw
{_AFTER} ORDER BY d.xid, d.id LIMIT %s
"""


def read_after(cursor: CursorWrapper, place: Place, limit: int) -> list[Arrived]:
    """The next finished rows, in order; in the caller's transaction."""
    # A bitmap has no order: all that waits would be read and sorted for every batch.
    cursor.execute(f"SET LOCAL enable_bitmapscan = off; {_READ}", [*place, limit])
    found = [Arrived._make((*row[:6], bytes(row[6]))) for row in cursor.fetchall()]
    cursor.execute("SET LOCAL enable_bitmapscan = on")
    return found


def has_more(cursor: CursorWrapper, place: Place) -> bool:
    """Whether there is anything to read."""
    cursor.execute(f"SELECT 1 {_AFTER} LIMIT 1", place)
    return cursor.fetchone() is not None
