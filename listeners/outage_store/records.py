"""Outages as other systems and pages read them: pages by keyset, and one with its timeline.

Every question names the company: an outage of another one is not found (invariant I12).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection

LONGEST_PAGE = 500

Record = dict[str, Any]

# What an outage is called where it lies, from the network as it is named now.
_COLUMNS = {
    **{"outage": "o.id", "level": "o.level", "name": "o.name", "state": "o.state"},
    **{"substation": "coalesce(s.name, '')", "transformer": "coalesce(t.code, '')"},
    "concentrator": "coalesce(nullif(c.name, ''), c.serial_number, '')",
    **{name: f"o.{name}" for name in (
        "since", "until", "opened_at", "closed_at", "meters", "customers", "customers_out",
    )},
    "customer_minutes": "round(o.customer_seconds / 60.0, 2)::float8",
    **{"restored_by": "o.restored_by", "part_of": "o.parent_id", "nested_in": "o.nested_in_id"},
}  # fmt: skip
_SELECT = f"""
SELECT {", ".join(_COLUMNS.values())} FROM outage o
    LEFT JOIN substation s ON s.id = o.substation_id
    LEFT JOIN transformer t ON t.id = o.transformer_id
    LEFT JOIN concentrator c ON c.id = o.concentrator_id
"""
# A filter that is not asked for is no part of the statement, so that each has its own plan.
_FILTERS = {
    "state": "o.state = %(state)s",
    "level": "o.level = %(level)s",
    "since": "o.since >= %(since)s",
    "part_of": "o.parent_id = %(part_of)s",
    "before": "o.id < %(before)s",
}
_STEPS = """
SELECT at, known_at, kind, customers_out, text FROM outage_step WHERE outage_id = %s ORDER BY id
"""
_CHECKS = """
SELECT k.round, k.asked_at, coalesce(m.serial_number, ''), k.order_id, k.finding, k.found_at
FROM outage o
    JOIN outage_check k ON k.level = o.level AND k.node_id = o.node_id AND k.outage_id = o.id
    LEFT JOIN meter m ON m.id = k.meter_id
WHERE o.id = %s ORDER BY k.id DESC LIMIT 100
"""
_CUSTOMERS = """
SELECT i.id, coalesce(m.serial_number, ''), coalesce(u.name, ''),
    coalesce(nullif(c.name, ''), c.serial_number, ''), i.began_at, i.ended_at, i.ended_by, i.is_own
FROM interruption i LEFT JOIN meter m ON m.id = i.meter_id
    LEFT JOIN usage_point u ON u.id = i.usage_point_id
    LEFT JOIN concentrator c ON c.id = i.concentrator_id
WHERE i.outage_id = %(outage)s AND i.meter_id IS NOT NULL AND i.id > %(after)s
ORDER BY i.id LIMIT %(limit)s
"""
_SUSPECTED = """
SELECT coalesce(s.name, ''), coalesce(t.code, ''),
    CASE WHEN t.id IS NULL THEN coalesce(nullif(c.name, ''), c.serial_number, '') ELSE '' END AS td,
    min(i.began_at), count(i.meter_id), count(i.usage_point_id)
FROM interruption i LEFT JOIN substation s ON s.id = i.substation_id
    LEFT JOIN transformer t ON t.id = i.transformer_id
    LEFT JOIN concentrator c ON c.id = i.concentrator_id
WHERE i.company_id = %s AND i.outage_id IS NULL AND NOT i.is_momentary AND i.ended_at IS NULL
GROUP BY s.name, t.code, td ORDER BY count(i.usage_point_id) DESC, min(i.began_at) LIMIT 200
"""
_IS_OF = "SELECT id FROM outage WHERE company_id = %s AND id = %s"
_STORM = "SELECT since FROM outage_storm WHERE company_id = %s AND until IS NULL"

_SUSPECT_NAMES = ("substation", "transformer", "concentrator", "since", "meters", "customers_out")
_STEP_NAMES = ("at", "known_at", "kind", "customers_out", "text")
_CHECK_NAMES = ("round", "asked_at", "meter", "order", "finding", "found_at")
_CUSTOMER_NAMES = (
    "interruption", "meter", "pod", "concentrator", "since", "until", "restored_by", "said_itself",
)  # fmt: skip


def page(company_id: int, filters: Mapping[str, str | int | datetime], limit: int) -> list[Record]:
    """The newest outages that fit all filters; the next page is `before` the last one's id."""
    asked = [text for name, text in _FILTERS.items() if name in filters]
    where = " AND ".join(["o.company_id = %(company)s", *asked])
    statement = f"{_SELECT} WHERE {where} ORDER BY o.id DESC LIMIT %(limit)s"
    return _records(statement, {**filters, "company": company_id, "limit": limit}, tuple(_COLUMNS))


def one(company_id: int, outage: int) -> Record | None:
    """An outage with its timeline, oldest step first, and the checks of its bellwethers."""
    where = "WHERE o.company_id = %(company)s AND o.id = %(outage)s"
    found = _records(
        f"{_SELECT} {where}", {"company": company_id, "outage": outage}, tuple(_COLUMNS)
    )
    if not found:
        return None
    timeline = _records(_STEPS, [outage], _STEP_NAMES)
    return {**found[0], "timeline": timeline, "checks": _records(_CHECKS, [outage], _CHECK_NAMES)}


def customers(company_id: int, outage: int, after: int, limit: int) -> list[Record] | None:
    """The meters that an outage reaches, with their times; None if there is no such outage.

    Those of a merged one are found at its parent.
    """
    if not _records(_IS_OF, [company_id, outage], ("id",)):
        return None
    values = {"outage": outage, "after": after, "limit": limit}
    return _records(_CUSTOMERS, values, _CUSTOMER_NAMES)


def suspected(company_id: int) -> list[Record]:
    """Sites below which power is lost and no outage is told yet, as it may be momentary."""
    return _records(_SUSPECTED, [company_id], _SUSPECT_NAMES)


def storm_since(company_id: int) -> datetime | None:
    """Since when the company has a storm, if it has one."""
    found = _records(_STORM, [company_id], ("since",))
    return found[0]["since"] if found else None


def _records(statement: str, values: Any, names: tuple[str, ...]) -> list[Record]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
