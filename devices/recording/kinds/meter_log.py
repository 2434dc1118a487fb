"""T7 source 2: entries of the meter's own event log, kept for screens.

No document prints their codes, so none is exported.
"""

from collections.abc import Iterable

from devices.recording.work import Work
from hes.domain.events import EventKind
from hes.domain.records import MeterEvent
from hes.lib.arrays import numbers

_KNOWN = """
SELECT meter_id, extract(epoch FROM device_at)::bigint, text FROM end_device_event
 WHERE meter_id = ANY(%s::bigint[]) AND kind = %s
   AND device_at = ANY(SELECT to_timestamp(at) FROM unnest(%s::bigint[]) AS said (at))
"""


def record(work: Work, entries: Iterable[MeterEvent]) -> None:
    """Add the entries that no earlier collection brought."""
    said = {
        (meter.id, entry.at, f"event {entry.code}, data {entry.data}"): meter
        for meter, entry in work.assigned(entries)
    }
    if not said:
        return
    meters = numbers({meter_id for meter_id, _, _ in said})
    parameters = [meters, EventKind.METER_LOGGED, numbers({at for _, at, _ in said})]
    work.cursor.execute(_KNOWN, parameters)
    for known in work.cursor.fetchall():
        said.pop(known, None)
    for (_, at, text), meter in sorted(said.items(), key=lambda item: item[0]):
        work.events.append(work.event(EventKind.METER_LOGGED, meter, device_at=at, detail=text))
