"""Steps of the life cycle that no template takes: endpoints, initialisation, commissioning.

Guarded by the transition tables. The set-based ones: one device that may not move, and none moves;
those of one meter, which orders take: what may not move stays as it is.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices import lifecycle
from devices.choices import ConcentratorState, MeterState, ProcessState
from devices.events import Event, announce
from devices.models import Company
from hes.domain.errors import IllegalMove
from hes.domain.events import EventKind

# An address belongs to one device, even between two rows of one UPDATE: who moves leaves first.
_LEAVE = """
UPDATE concentrator c SET host = ''
  FROM unnest(%s::text[], %s::text[], %s::int[]) AS e (serial, host, port)
 WHERE c.serial_number = e.serial AND c.company_id = %s AND (c.host, c.port) <> (e.host, e.port)
"""
_ENTER = """
UPDATE concentrator c SET host = e.host, port = e.port, updated_at = now()
  FROM unnest(%s::text[], %s::text[], %s::int[]) AS e (serial, host, port)
 WHERE c.serial_number = e.serial AND c.company_id = %s
"""


def set_endpoints(company: Company, endpoints: Mapping[str, tuple[str, int]]) -> int:
    """Tell where concentrators listen: serial -> (host, port). Returns how many are known."""
    hosts, ports = zip(*endpoints.values(), strict=True) if endpoints else ((), ())
    values: list[Any] = [list(endpoints), list(hosts), list(ports), company.pk]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LEAVE, values)
        cursor.execute(_ENTER, values)
        return int(cursor.rowcount)


_INITIALISE = """
UPDATE concentrator SET state = %s, scheduled_from = %s, updated_at = now()
WHERE id = ANY(%s) AND state = ANY(%s)
"""


def initialise(concentrator_ids: Collection[int], scheduled_from: datetime | None) -> int:
    """Installed -> initialised: from `scheduled_from` on (None: at once) collections are due.

    Raises IllegalMove, and moves none, where one is not installed.
    """
    target = ConcentratorState.INITIALISED
    sources = lifecycle.CONCENTRATOR.before(target)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_INITIALISE, [target, scheduled_from, list(concentrator_ids), sources])
        return _all_moved(cursor, concentrator_ids, "concentrators", sources, target)


_COMMISSION = """
UPDATE meter m SET state = %s, process_state = %s, updated_at = now()
FROM association a
WHERE m.id = ANY(%s) AND m.state = ANY(%s) AND m.process_state = ANY(%s)
  AND a.meter_id = m.id AND upper_inf(a.validity)
"""
_STORY = """
SELECT m.company_id, c.id, coalesce(nullif(c.name, ''), c.serial_number), m.id, m.serial_number,
       coalesce(p.name, '')
FROM meter m
JOIN association a ON a.meter_id = m.id AND upper_inf(a.validity)
JOIN concentrator c ON c.id = a.concentrator_id
LEFT JOIN meter_installation i ON i.meter_id = m.id AND upper_inf(i.validity)
LEFT JOIN usage_point p ON p.id = i.usage_point_id
WHERE m.id = ANY(%s) ORDER BY m.id
"""


def commission(meter_ids: Collection[int]) -> int:
    """Installed and associated -> commissioned, with an LPE line each.

    Raises IllegalMove, and moves none, where one is not installed or not associated.
    """
    target = MeterState.COMMISSIONED
    sources = lifecycle.METER.before(target)
    steps = lifecycle.PROCESS.before(ProcessState.NONE)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_COMMISSION, [target, ProcessState.NONE, list(meter_ids), sources, steps])
        moved = _all_moved(cursor, meter_ids, "meters", [*sources, "associated"], target)
        _tell(cursor, meter_ids, EventKind.METER_COMMISSIONED)
    return moved


_STEP = """
UPDATE meter SET process_state = %s, updated_at = now() WHERE id = %s AND process_state = ANY(%s)
"""


def go_to(cursor: CursorWrapper, meter_id: int, step: ProcessState) -> bool:
    """The meter's next process state, if it may follow the one it is in."""
    cursor.execute(_STEP, [step, meter_id, lifecycle.PROCESS.before(step)])
    return bool(cursor.rowcount)


def take_into_service(cursor: CursorWrapper, meter_id: int) -> bool:
    """Installed, associated and verified -> commissioned, to be configured; with its LPE line."""
    target, step = MeterState.COMMISSIONED, ProcessState.TO_CONFIGURE
    sources, steps = lifecycle.METER.before(target), lifecycle.PROCESS.before(step)
    cursor.execute(_COMMISSION, [target, step, [meter_id], sources, steps])
    has_moved = bool(cursor.rowcount)
    if has_moved:
        _tell(cursor, [meter_id], EventKind.METER_COMMISSIONED)
    return has_moved


_DECOMMISSION = """
UPDATE meter SET state = %s, process_state = '', updated_at = now()
WHERE id = %s AND state = ANY(%s)
"""
_LEAVE_CONCENTRATOR = """
WITH ended AS (
    UPDATE association SET validity = tstzrange(lower(validity), now())
     WHERE meter_id = %(meter)s AND upper_inf(validity) AND lower(validity) < now())
UPDATE meter_statistics SET concentrator_id = NULL WHERE meter_id = %(meter)s
"""


def take_out_of_service(cursor: CursorWrapper, meter_id: int) -> bool:
    """Commissioned -> decommissioned, and under no concentrator; with an LPE line for each."""
    target = MeterState.DECOMMISSIONED
    cursor.execute(_DECOMMISSION, [target, meter_id, lifecycle.METER.before(target)])
    if not cursor.rowcount:
        return False
    kinds = EventKind.METER_DECOMMISSIONED, EventKind.METER_DISASSOCIATED
    _tell(cursor, [meter_id], *kinds)
    cursor.execute(_LEAVE_CONCENTRATOR, {"meter": meter_id})
    return True


def _tell(cursor: CursorWrapper, meter_ids: Collection[int], *kinds: EventKind) -> None:
    """Events and LPE lines of meters that are associated."""
    cursor.execute(_STORY, [list(meter_ids)])
    announce(cursor, [Event(kind, *story) for story in cursor.fetchall() for kind in kinds])


def _all_moved(
    cursor: CursorWrapper, ids: Collection[int], label: str, needed: Collection[str], target: str
) -> int:
    moved = int(cursor.rowcount)
    if moved < len(set(ids)):
        raise IllegalMove(
            f"{len(set(ids)) - moved} of {len(set(ids))} {label} cannot become {target}:"
            f" they are not {' and '.join(needed)}"
        )
    return moved
