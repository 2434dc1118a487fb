"""How far the rules have read the changes of power; its lock lets one process look at a time."""

from django.db.backends.utils import CursorWrapper

from hes.domain.errors import HesError

READER = "outages"
_BEGIN = """
INSERT INTO listener_cursor (reader, system_identifier)
SELECT %s, system_identifier FROM pg_control_system() ON CONFLICT DO NOTHING
"""
_HOLD = """
SELECT c.xid, c.row_id, c.system_identifier = p.system_identifier
FROM listener_cursor c, pg_control_system() p WHERE c.reader = %s FOR UPDATE OF c SKIP LOCKED
"""
_MOVE = """
UPDATE listener_cursor SET xid = %s, row_id = %s, moved_at = now() WHERE reader = %s
"""

Position = tuple[int, int]


class ForeignCluster(HesError):
    """The position counts the transactions of another PostgreSQL cluster."""


def hold(cursor: CursorWrapper) -> Position | None:
    """Where the rules stand; None while another process looks. Raises ForeignCluster."""
    cursor.execute(_BEGIN, [READER])
    cursor.execute(_HOLD, [READER])
    row = cursor.fetchone()
    if row is None:
        return None
    xid, row_id, is_ours = row
    if not is_ours:
        raise ForeignCluster(
            "outages: the position of the reader belongs to another PostgreSQL cluster, in which "
            "transactions are counted otherwise. Point DATABASE_URL at that one, or, after a "
            f"restore from a dump, have the owner delete the row {READER!r} of listener_cursor"
        )
    return xid, row_id


def move(cursor: CursorWrapper, position: Position) -> None:
    """Note what was read, in the transaction that keeps what came of it."""
    cursor.execute(_MOVE, [*position, READER])
