"""What the head-end does in the middle of a firmware order: blocks out of the image, notes."""

from typing import cast

from django.db.backends.utils import CursorWrapper

from devices.drivers.duties import Duty
from workorders.activities.orders.image_transfer import FetchBlocks, NoteUpdate
from workorders.orders import Taken

_BLOCKS = "SELECT substring(data FROM %s FOR %s) FROM firmware_image WHERE id = %s"
_WORKED = """
SELECT EXISTS (SELECT FROM order_event
    WHERE order_id = %s AND cause IN ('begun', 'to be continued'))
"""
_NOTE = """
UPDATE concentrator c SET software_update_state = %s, updated_at = now()
FROM work_order o WHERE o.id = %s AND c.id = o.concentrator_id
"""


def blocks(cursor: CursorWrapper, _: Taken, duty: Duty) -> tuple[bytes, ...]:
    """The blocks asked for, as far as the image reaches; only they are read."""
    asked = cast(FetchBlocks, duty)
    begin, length = 1 + asked.first * asked.size, asked.count * asked.size
    cursor.execute(_BLOCKS, [begin, length, asked.image])
    piece = bytes(cursor.fetchone()[0])
    return tuple(piece[at : at + asked.size] for at in range(0, len(piece), asked.size))


def worked_before(cursor: CursorWrapper, taken: Taken, _: Duty) -> bool:
    """Whether an earlier visit sent something of this order."""
    cursor.execute(_WORKED, [taken.order])
    return bool(cursor.fetchone()[0])


def note_update(cursor: CursorWrapper, taken: Taken, duty: Duty) -> None:
    """How far a concentrator's update is."""
    cursor.execute(_NOTE, [cast(NoteUpdate, duty).state, taken.order])
