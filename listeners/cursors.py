"""How far a reader of `(xid, id)` has come; whoever reads holds its row (design D11).

A second process that finds the row taken does nothing: two at once do no harm. A place counts the
transactions of one cluster, so the row of another cluster is refused rather than misread.
"""

from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from hes.domain.errors import HesError


class ForeignCluster(HesError):
    """The reader's place counts the transactions of another PostgreSQL cluster."""


class Place(NamedTuple):
    """The last row a reader has passed; ordered."""

    xid: int
    row_id: int


_MAKE = """
INSERT INTO listener_cursor (reader, system_identifier)
SELECT %s, system_identifier FROM pg_control_system() ON CONFLICT DO NOTHING
"""
_AT = """
SELECT c.xid, c.row_id, c.system_identifier = s.system_identifier
FROM listener_cursor c, pg_control_system() s WHERE c.reader = %s
"""
_TAKE = f"{_AT} FOR UPDATE OF c SKIP LOCKED"
_ADVANCE = """
UPDATE listener_cursor SET xid = %s, row_id = %s, moved_at = clock_timestamp() WHERE reader = %s
"""
BEGIN = Place(0, 0)


def place_of(cursor: CursorWrapper, reader: str) -> Place:
    """Where a reader stands, without taking its row; the begin if it never read."""
    cursor.execute(_AT, [reader])
    row = cursor.fetchone()
    return _place(reader, *row) if row else BEGIN


def take(cursor: CursorWrapper, reader: str) -> Place | None:
    """Hold the reader's place until the transaction ends; None while another process does."""
    cursor.execute(_MAKE, [reader])
    cursor.execute(_TAKE, [reader])
    row = cursor.fetchone()
    return _place(reader, *row) if row else None


def advance(cursor: CursorWrapper, reader: str, place: Place) -> None:
    """Move on; belongs into the transaction that holds the place and records what was read."""
    cursor.execute(_ADVANCE, [*place, reader])


def _place(reader: str, xid: int, row_id: int, is_ours: bool) -> Place:
    if not is_ours:
        raise ForeignCluster(
            f"{reader}: its place belongs to another PostgreSQL cluster, in which transactions are "
            "counted otherwise. Point DATABASE_URL at that one, or, after a restore from a dump, "
            f"have the owner delete the row {reader!r} of listener_cursor: all is read again"
        )
    return Place(xid, row_id)
