"""Tells how outages go: their timeline, and one OUT line per outage opened and ended."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.backends.utils import CursorWrapper

from devices.outbox.blocks import CONCENTRATOR, Blocks, LineRefused
from devices.outbox.layouts import OutageTold, Subject, outage_line
from hes.lib.arrays import words
from listeners.outage_store.counting import Counted

log = logging.getLogger(__name__)

OUT = "OUT"
OPENED, CLOSED, MERGED, CORRECTED = "OPENED", "CLOSED", "MERGED", "CORRECTED"

_TOLD = """
SELECT o.id, o.level, coalesce(nullif(c.name, ''), c.serial_number, ''),
    coalesce(m.serial_number, ''), coalesce(u.name, ''), coalesce(s.name, ''),
    coalesce(t.code, ''), o.since, o.until, o.customers, o.customers_out, o.customer_seconds,
    coalesce(o.parent_id, o.nested_in_id), o.restored_by, m.id
FROM outage o LEFT JOIN substation s ON s.id = o.substation_id
    LEFT JOIN transformer t ON t.id = o.transformer_id
    LEFT JOIN concentrator c ON c.id = o.concentrator_id
    LEFT JOIN meter m ON o.level = 'meter' AND m.id = o.node_id
    LEFT JOIN meter_installation i ON i.meter_id = m.id AND (i.validity @> o.since) IS TRUE
    LEFT JOIN usage_point u ON u.id = i.usage_point_id
WHERE o.id = ANY(%s) ORDER BY o.id
"""
_STEP = """
INSERT INTO outage_step (outage_id, at, known_at, kind, customers_out, text)
SELECT o.id, CASE %(kind)s WHEN 'opened' THEN o.since WHEN 'merged' THEN %(now)s
        ELSE o.until END, %(now)s, %(kind)s, o.customers_out,
    CASE WHEN %(kind)s = 'merged' THEN 'goes on as outage ' || o.parent_id
         WHEN o.nested_in_id IS NOT NULL THEN 'left over of outage ' || o.nested_in_id
         ELSE '' END
FROM outage o WHERE o.id = ANY(%(outages)s) ORDER BY o.id
"""
_CHANGED = """
INSERT INTO outage_step (outage_id, at, known_at, kind, customers_out, text)
SELECT given.outage, to_timestamp(given.at), %s, given.kind, given.customers_out, ''
FROM unnest(%s::bigint[], %s::float8[], %s::text[], %s::integer[])
    AS given (outage, at, kind, customers_out)
"""
_KINDS = {event: event.lower() for event in (OPENED, CLOSED, MERGED, CORRECTED)}


def tell(
    cursor: CursorWrapper, blocks: Blocks, event: str, outages: Sequence[int], now: datetime
) -> None:
    """One step and one line for each; a line that is refused leaves the step alone."""
    if not outages:
        return
    step: dict[str, Any] = {"kind": _KINDS[event], "now": now, "outages": list(outages)}
    cursor.execute(_STEP, step)
    cursor.execute(_TOLD, [list(outages)])
    for row in cursor.fetchall():
        told, meter = _told(row[:-1]), row[-1]
        try:
            blocks.add(OUT, 0, meter or CONCENTRATOR, outage_line(event, now, told))
        except LineRefused as fault:
            log.error("outage %d is not told: %s", told.outage, fault)


def _told(row: Sequence[Any]) -> OutageTold:
    pk, level, concentrator, meter, pod, substation, transformer, *facts = row
    subject = Subject(str(concentrator), str(meter), str(pod))
    return OutageTold(subject, substation, transformer, pk, level, *facts)


def tell_changes(
    cursor: CursorWrapper, counted: Iterable[Counted], opened: Iterable[int], now: datetime
) -> None:
    """A step where an outage that was open before reaches more customers, or fewer."""
    new = set(opened)
    steps = [step for one in counted if one.outage not in new for step in _steps(one, now)]
    if not steps:
        return
    ids, moments, kinds, customers = zip(*steps, strict=True)
    cursor.execute(_CHANGED, [now, list(ids), list(moments), words(kinds), list(customers)])


def _steps(one: Counted, now: datetime) -> Iterable[tuple[int, float, str, int]]:
    if one.customers > one.customers_before:
        yield one.outage, now.timestamp(), "grew", one.customers_out
    elif one.customers_out < one.customers_out_before and one.customers_out:
        last = (one.last_end or now).timestamp()
        yield one.outage, last, "restored", one.customers_out
