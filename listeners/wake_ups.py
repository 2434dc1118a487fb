"""Wake-ups: where a concentrator says it is, and "run what waits" (design 3).

Whatever the back-off after failures says, a device that speaks is worth a visit now, if something
is due for it; never twice a minute, so nobody makes us call by sending datagrams. The address is
noted and shown: no datagram changes the inventory.
"""

from collections.abc import Sequence

from django.db.backends.utils import CursorWrapper

from hes.lib.arrays import numbers, words
from listeners.known import Known
from workorders import lanes
from workorders.waking import wake_after_commit

PAUSE = 60  # seconds

_NOTE = """
INSERT INTO wake_up AS known (concentrator_id, address, heard_at, poked_at)
SELECT concentrator_id, address, to_timestamp(heard_at), to_timestamp(heard_at)
FROM unnest(%s::bigint[], %s::inet[], %s::float8[]) AS said (concentrator_id, address, heard_at)
ORDER BY concentrator_id
ON CONFLICT (concentrator_id) DO UPDATE SET
    address = excluded.address, heard_at = excluded.heard_at,
    poked_at = CASE WHEN known.poked_at > excluded.heard_at - %s * interval '1 second'
        THEN known.poked_at ELSE excluded.heard_at END
WHERE known.heard_at <= excluded.heard_at
RETURNING concentrator_id, poked_at = heard_at
"""


def note(cursor: CursorWrapper, woken: Sequence[Known]) -> None:
    """Note each device's newest wake-up, and let what waits for it run."""
    if not woken:
        return
    in_order = sorted(woken, key=lambda one: one.arrived.received)
    newest = {one.concentrator_id: one for one in in_order}
    columns = [
        numbers(newest),
        words(one.message.address for one in newest.values()),
        numbers([one.arrived.received for one in newest.values()]),
    ]
    cursor.execute(_NOTE, [*columns, PAUSE])
    due = [concentrator_id for concentrator_id, is_due in cursor.fetchall() if is_due]
    if due and lanes.hurry(cursor, due):
        wake_after_commit()
