"""Orders as other systems read them: pages by keyset, and one with its history.

Every question names the company: an order of another one is not found (invariant I12).
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from workorders.order_lanes import SILENT_READS

LONGEST_PAGE = 500
PATIENCE = "10s"  # a question that matches next to nothing of many orders is given up

PLACES = """
    LEFT JOIN meter m ON m.id = o.meter_id
    LEFT JOIN concentrator c ON c.id = o.concentrator_id
    LEFT JOIN usage_point u ON u.id = o.usage_point_id"""
_COLUMNS = {
    **{"order": "o.id", "kind": "o.kind", "state": "o.state", "bundle": "o.parent_id"},
    **{"step": "o.step", "origin": "o.source", "meter": "coalesce(m.serial_number, '')"},
    **{"concentrator": "coalesce(c.serial_number, '')", "pod": "coalesce(u.name, '')"},
    **{name: f"o.{name}" for name in (
        "parameters", "priority", "requested_by", "approved_by", "hold_reason",
        "external_system", "outer_id", "correlation_id", "created_at", "not_before", "expires_at",
        "attempts", "sent_at", "ended_at", "result_code", "result_text", "result", "breaker",
        "executed_by", "executed_at",
    )},
    "waits_for_a_person": f"o.state = 'unknown' AND o.silent_reads >= {SILENT_READS}",
}  # fmt: skip
_JSON = ("parameters", "result")
_SELECT = f"SELECT {', '.join(_COLUMNS.values())} FROM work_order o{PLACES}"
# A filter that is not asked for is no part of the statement, so that each has its own plan.
_FILTERS = {
    "state": "o.state = %(state)s",
    "kind": "o.kind = %(kind)s",
    "outer_id": "o.outer_id = %(outer_id)s",
    "since": "o.created_at >= %(since)s",
    "before": "o.id < %(before)s",
    "meter": """o.meter_id = (SELECT id FROM meter
        WHERE serial_number = %(meter)s AND company_id = %(company)s)""",
    "pod": """o.usage_point_id = (SELECT id FROM usage_point
        WHERE name = %(pod)s AND company_id = %(company)s)""",
}
_HISTORY = """
SELECT at, state, cause, who, text FROM order_event WHERE order_id = %s ORDER BY at, id
"""

Record = dict[str, Any]


def page(company_id: int, filters: Mapping[str, str | int | datetime], limit: int) -> list[Record]:
    """The newest orders that fit all filters; the next page is `before` the last one's id."""
    asked = [text for name, text in _FILTERS.items() if name in filters]
    where = " AND ".join(["o.company_id = %(company)s", *asked])
    statement = f"{_SELECT} WHERE {where} ORDER BY o.id DESC LIMIT %(limit)s"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{PATIENCE}'")
        cursor.execute(statement, {**filters, "company": company_id, "limit": limit})
        return [_record(row) for row in cursor.fetchall()]


def one(company_id: int, order_id: int) -> Record | None:
    """An order with its history, oldest move first."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_SELECT} WHERE o.company_id = %s AND o.id = %s", [company_id, order_id])
        row = cursor.fetchone()
        if row is None:
            return None
        cursor.execute(_HISTORY, [order_id])
        names = ("at", "state", "cause", "who", "text")
        history = [dict(zip(names, moved, strict=True)) for moved in cursor.fetchall()]
    return {**_record(row), "history": history}


def is_of(company_id: int, order_id: int) -> bool:
    """Whether the company has this order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM work_order WHERE id = %s AND company_id = %s", [order_id, company_id]
        )
        return cursor.fetchone() is not None


def _record(row: tuple[Any, ...]) -> Record:
    found = dict(zip(_COLUMNS, row, strict=True))
    return found | {name: json.loads(found[name]) for name in _JSON}
