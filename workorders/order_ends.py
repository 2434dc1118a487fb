"""The ends of orders in the order in which they were committed (design D11).

Ordered by `(xid, id)`, everything below `pg_snapshot_xmin` is finished and nothing can appear below
it: whoever has read up to a position has missed nothing, however late a transaction committed.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection

from hes.domain.errors import HesError
from workorders.order_records import PLACES

AT_ONCE = 500
_POSITION = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")

# The states are written out as in the index that this walks (migration 0009).
_PAGE = f"""
WITH page AS (
    SELECT xid, id, at, order_id, cause FROM order_event
    WHERE state IN ('cancelled', 'done', 'expired', 'failed', 'preempted')
        AND (xid, id) > (%(xid)s::text::xid8, %(id)s)
        AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid, id LIMIT {AT_ONCE})
SELECT page.xid::text::bigint, page.id, o.company_id = %(company)s, page.at, page.cause, o.id,
    o.kind, o.state, o.parent_id, o.step, coalesce(m.serial_number, ''),
    coalesce(c.serial_number, ''), coalesce(u.name, ''), o.result_code, o.result_text, o.result,
    o.breaker, o.external_system, o.outer_id, o.correlation_id, o.executed_by, o.executed_at
FROM page JOIN work_order o ON o.id = page.order_id{PLACES}
ORDER BY page.xid, page.id
"""
_NAMES = (
    "at", "cause", "order", "kind", "state", "bundle", "step", "meter", "concentrator", "pod",
    "result_code", "result_text", "result", "breaker", "external_system", "outer_id",
    "correlation_id", "executed_by", "executed_at",
)  # fmt: skip
_NOW = "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM"
_HORIZON = f"{_NOW} pg_current_snapshot() AS s"


class UnknownPosition(HesError):
    """A position that this database never gave."""


class Position(NamedTuple):
    """The last end that was read; as text `<xid>-<id>`."""

    xid: int
    event: int

    def __str__(self) -> str:
        return f"{self.xid}-{self.event}"


@dataclass(frozen=True, slots=True)
class End:
    """An order that has ended, and the position behind it."""

    position: Position
    facts: dict[str, Any]


def here() -> Position:
    """Behind everything that is finished: what is still being committed comes after it."""
    return Position(_horizon()[0], 0)


def position_of(text: str) -> Position:
    """A position as it was given out. Raises UnknownPosition.

    Numbers of transactions mean nothing in another cluster: after a restore from a dump a position
    may lie in the future, and its reader would wait for ever.
    """
    found = _POSITION.fullmatch(text)
    if not found:
        raise UnknownPosition(f"{text[:40]!r} is no position - give the last id you got, or none")
    position = Position(int(found[1]), int(found[2]))
    if position.xid > _horizon()[1]:
        raise UnknownPosition(f"{text} is of another database - list the orders, then begin anew")
    return position


def after(position: Position, company_id: int) -> tuple[list[End], Position]:
    """The next ends of a company, and the position up to which all were looked at."""
    values = {"xid": position.xid, "id": position.event, "company": company_id}
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, values)
        rows = cursor.fetchall()
    ends = [_end(row) for row in rows if row[2]]
    return ends, Position(*rows[-1][:2]) if rows else position


def _end(row: tuple[Any, ...]) -> End:
    facts = dict(zip(_NAMES, row[3:], strict=True))
    return End(Position(*row[:2]), facts | {"result": json.loads(facts["result"])})


def _horizon() -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(_HORIZON)
        oldest, next_one = cursor.fetchone()
    return oldest, next_one
