"""When orders want their lane: the same words of SQL for taking, opening a visit and releasing.

If these differed, a lane could be claimed again and again for an order that nobody may take.
Fragments name the order `o` and take the parameter `harmless` (see `harmless_kinds`).
"""

from workorders.activities.orders.registry import ACTIVITIES

SILENT_READS = 5  # then a person decides (design D13)

# A step waits for the steps before it; a command waits for the one in flight, a reading does not.
SENDABLE = """o.state = 'queued' AND o.expires_at > clock_timestamp()
    AND (o.not_before IS NULL OR o.not_before <= clock_timestamp())
    AND (o.parent_id IS NULL OR NOT EXISTS (SELECT FROM work_order s
        WHERE s.parent_id = o.parent_id AND s.step < o.step AND s.ended_at IS NULL))
    AND (o.kind = ANY(%(harmless)s::varchar[]) OR CASE WHEN o.meter_id IS NULL
        THEN NOT EXISTS (SELECT FROM work_order f WHERE f.concentrator_id = o.concentrator_id
            AND f.meter_id IS NULL AND f.state IN ('sending', 'unknown'))
        ELSE NOT EXISTS (SELECT FROM work_order f WHERE f.meter_id = o.meter_id
            AND f.state IN ('sending', 'unknown')) END)
"""
# `not_before` of an UNKNOWN order is the time of its next read.
READABLE = f"o.state = 'unknown' AND o.silent_reads < {SILENT_READS}"
READ_NOW = f"{READABLE} AND (o.not_before IS NULL OR o.not_before <= clock_timestamp())"

_OF_LANE = "FROM work_order o WHERE o.concentrator_id = l.concentrator_id AND"
WAITS = f"""(EXISTS (SELECT {_OF_LANE} {SENDABLE}) OR EXISTS (SELECT {_OF_LANE} {READ_NOW}))"""
DUE = f"""least(
    coalesce((SELECT clock_timestamp() {_OF_LANE} {SENDABLE} LIMIT 1), (SELECT min(o.not_before)
        {_OF_LANE} o.state = 'queued' AND o.not_before > clock_timestamp())),
    (SELECT min(coalesce(o.not_before, clock_timestamp())) {_OF_LANE} {READABLE}))"""
# Also of orders of a later time: at that time the lane must be urgent without anybody's help.
BEST = f"""greatest(0,
    (SELECT o.priority + 1 {_OF_LANE} o.state = 'queued' ORDER BY o.priority DESC LIMIT 1),
    (SELECT max(o.priority) + 1 {_OF_LANE} {READABLE}))"""


def harmless_kinds() -> list[str]:
    """The kinds that may run while a command is in flight: to repeat them does no harm."""
    return [kind for kind, activity in ACTIVITIES.items() if activity.read_back is None]
