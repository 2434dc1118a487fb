"""Collection cycles: how far each table of a concentrator is recorded (companion profile 3.2)."""

from enum import Enum

from django.db.backends.utils import CursorWrapper


class Progress(Enum):
    """A finished cycle compared with the recorded one."""

    FORWARD = "forward"
    SAME = "same"
    RESTARTED = "restarted"  # a lower number: the concentrator was reset


_LOCK = "SELECT cycle FROM collection_cycle WHERE concentrator_id = %s AND reader = %s FOR UPDATE"
_STORE = """
INSERT INTO collection_cycle (concentrator_id, reader, cycle, recorded_at)
VALUES (%s, %s, %s, statement_timestamp())
    ON CONFLICT (concentrator_id, reader) DO UPDATE
   SET cycle = excluded.cycle, recorded_at = excluded.recorded_at
"""


def advance(cursor: CursorWrapper, concentrator_id: int, reader: str, finished: int) -> Progress:
    """Record the last finished cycle of a reader; the fence keeps other writers away."""
    cursor.execute(_LOCK, [concentrator_id, reader])
    row = cursor.fetchone()
    cursor.execute(_STORE, [concentrator_id, reader, finished])
    if row is None or finished > row[0]:
        return Progress.FORWARD
    return Progress.SAME if finished == row[0] else Progress.RESTARTED
