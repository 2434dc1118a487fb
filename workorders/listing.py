"""Orders as people look at them: a table, or one with its history."""

import json
from datetime import datetime
from typing import Any

from django.db import connection

from hes.domain.errors import HesError
from hes.lib.tables import table as aligned
from workorders import service

HEAD = ("ORDER", "KIND", "METER", "POD", "STATE", "PRIORITY", "CREATED", "ENDED", "RESULT", "TEXT")
_LIST = """
SELECT o.id, o.kind, coalesce(m.serial_number, c.serial_number, ''), coalesce(u.name, ''), o.state,
       o.priority, o.created_at, o.ended_at, o.result_code, coalesce(nullif(o.result_text, ''),
       o.hold_reason)
FROM work_order o LEFT JOIN meter m ON m.id = o.meter_id
    LEFT JOIN concentrator c ON c.id = o.concentrator_id
    LEFT JOIN usage_point u ON u.id = o.usage_point_id
WHERE o.company_id = %(company)s AND (%(state)s::text IS NULL OR o.state = %(state)s)
    AND (%(kind)s::text IS NULL OR o.kind = %(kind)s)
ORDER BY o.id DESC LIMIT %(limit)s
"""
_SHOW = f"""
SELECT o.kind, o.state, coalesce(m.serial_number, ''), coalesce(c.serial_number, ''),
       coalesce(u.name, ''), o.parameters, o.priority, o.source, o.requested_by, o.approved_by,
       o.hold_reason, o.correlation_id, o.created_at, o.not_before, o.expires_at, o.attempts,
       o.sent_at, o.result_code, o.result_text, o.breaker, o.result,
       CASE WHEN o.ended_at IS NULL THEN {service.REASON} END
FROM work_order o LEFT JOIN meter m ON m.id = o.meter_id
    LEFT JOIN concentrator c ON c.id = o.concentrator_id
    LEFT JOIN usage_point u ON u.id = o.usage_point_id
WHERE o.id = %s
"""
_NAMES = (
    "kind", "state", "meter", "concentrator", "pod", "parameters", "priority", "source",
    "requested by", "approved by", "held because", "correlation id", "created", "not before",
    "expires", "attempts", "sent", "result code", "result text", "breaker", "values",
    "waits because",
)  # fmt: skip
_HISTORY = "SELECT at, state, cause, who, text FROM order_event WHERE order_id = %s ORDER BY at, id"


def table(company_id: int, *, state: str | None, kind: str | None, limit: int) -> str:
    """The newest orders of a company."""
    values = {"company": company_id, "state": state, "kind": kind, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_LIST, values)
        rows = [tuple(map(_shown, row)) for row in cursor.fetchall()]
    return "\n".join(aligned([HEAD, *rows]))


def describe(order_id: int) -> str:
    """Facts that are known of an order, then every move it made."""
    with connection.cursor() as cursor:
        cursor.execute(_SHOW, [order_id])
        row = cursor.fetchone()
        if row is None:
            raise HesError(f"there is no order {order_id}")
        cursor.execute(_HISTORY, [order_id])
        history = [tuple(map(_shown, moved)) for moved in cursor.fetchall()]
    facts = [
        f"{name:16}{_shown(value)}"
        for name, value in zip(_NAMES, row, strict=True)
        if value not in (None, "", "{}", {})
    ]
    moves = aligned([("AT", "STATE", "CAUSE", "WHO", "TEXT"), *history])
    return "\n".join([f"{'order':16}{order_id}", *facts, "", *moves])


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, dict):
        return json.dumps(value)
    return "" if value is None else str(value)
