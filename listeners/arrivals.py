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
FROM datagram WHERE (xid, id) > (%s::text::xid8, %s)
    AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY datagram.xid, datagram.id LIMIT %s
"""  # qualified: plain names would mean the output columns, and sort everything that waits
_READ = f"""
SELECT xid::text::bigint, id, extract(epoch FROM received_at)::float8, host(source), port, size, raw
{_AFTER}
"""


def read_after(cursor: CursorWrapper, place: Place, limit: int) -> list[Arrived]:
    """The next finished rows, in order."""
    cursor.execute(_READ, [*place, limit])
    return [Arrived._make((*row[:6], bytes(row[6]))) for row in cursor.fetchall()]


def has_more(cursor: CursorWrapper, place: Place) -> bool:
    """Whether there is anything to read."""
    cursor.execute(f"SELECT 1 {_AFTER}", [*place, 1])
    return cursor.fetchone() is not None
