"""Sets of requests against the inventory, and into the table: a few statements, however many."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.backends.utils import CursorWrapper
from psycopg2.extras import execute_values

from workorders import service
from workorders.requests import Place, Request
from workorders.states import OrderState

PAGE = 1000

_PLACES = f"""
SELECT m.id, m.company_id, m.state, h.usage_point_id, p.id,
    EXISTS (SELECT FROM protected_point x WHERE x.usage_point_id = h.usage_point_id),
    a.concentrator_id, n.id, n.company_id, coalesce(c.state, ''), {service.REASON}
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])
        WITH ORDINALITY AS r(company, meter, pod, concentrator, number)
    LEFT JOIN meter s ON s.serial_number = r.meter
    LEFT JOIN usage_point p ON p.company_id = r.company AND p.name = r.pod
    LEFT JOIN meter_installation i ON i.usage_point_id = p.id AND i.validity @> now()
    LEFT JOIN meter m ON m.id = CASE WHEN r.meter IS NULL THEN i.meter_id ELSE s.id END
    LEFT JOIN meter_installation h ON h.meter_id = m.id AND h.validity @> now()
    LEFT JOIN association a ON a.meter_id = m.id AND a.validity @> now()
    LEFT JOIN concentrator n ON n.serial_number = r.concentrator
    LEFT JOIN concentrator c ON c.id = CASE WHEN r.concentrator IS NULL
        THEN a.concentrator_id ELSE n.id END
ORDER BY r.number
"""
_PENDING = """
SELECT count(*) FROM (SELECT FROM work_order
    WHERE company_id = %s AND state = 'queued' LIMIT %s) waiting
"""
_INSERT = """
INSERT INTO work_order (idempotency_key, body_hash, company_id, kind, parent_id, step,
    continue_on_error, concentrator_id, meter_id, usage_point_id, parameters, priority, not_before,
    expires_at, bypass_retry, source, requested_by, external_system, outer_id, correlation_id,
    is_external, audit_id, state, hold_reason, result, created_at, changed_at) VALUES %s
ON CONFLICT (idempotency_key) DO NOTHING RETURNING idempotency_key, id
"""
_ROW = "(" + ", ".join(["%s"] * 24) + ", '{}', clock_timestamp(), clock_timestamp())"
_ACCEPTED = """
INSERT INTO order_event (order_id, cause, state, who, text)
SELECT id, 'accepted', state, requested_by,
    CASE WHEN hold_reason <> '' THEN left('[6.2] ' || hold_reason, 200) ELSE '' END
FROM work_order WHERE id = ANY(%s) ORDER BY id
"""
_KNOWN = """
SELECT idempotency_key, id, body_hash, state, hold_reason FROM work_order
WHERE idempotency_key = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """A request that passed every check, ready to become a row."""

    request: Request
    key: str
    hash: str
    parameters: dict[str, Any]
    place: Place | None  # None: a bundle's parent
    expires_at: datetime
    state: OrderState
    hold_reason: str = ""
    step: int | None = None
    steps: tuple["Draft", ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """An order that exists."""

    order: int
    hash: str
    state: OrderState
    hold_reason: str


def places(cursor: CursorWrapper, requests: Sequence[Request]) -> list[Place]:
    """Where each request leads now: one query for all."""
    asked = [
        (r.company_id, r.meter or None, r.pod or None, r.concentrator or None) for r in requests
    ]
    if not asked:
        return []
    cursor.execute(_PLACES, [list(column) for column in zip(*asked, strict=True)])
    return [Place(*row) for row in cursor.fetchall()]


def pending(cursor: CursorWrapper, company: int, limit: int) -> int:
    """How many orders of the company wait; counted no further than `limit`."""
    cursor.execute(_PENDING, [company, limit])
    return int(cursor.fetchone()[0])


def insert(cursor: CursorWrapper, drafts: Sequence[Draft], audit_id: int) -> dict[str, int]:
    """Store what is new, bundles with their steps; ids by key, in the order of the drafts."""
    made = _insert(cursor, [(draft, None) for draft in drafts], audit_id)
    steps = [
        (step, made[draft.key]) for draft in drafts if draft.key in made for step in draft.steps
    ]
    made_steps = _insert(cursor, steps, audit_id)
    cursor.execute(_ACCEPTED, [[*made.values(), *made_steps.values()]])
    return made | made_steps


def known(cursor: CursorWrapper, keys: Sequence[str]) -> dict[str, Known]:
    """The orders that have these keys."""
    cursor.execute(_KNOWN, [list(keys)])
    return {
        key: Known(pk, text, OrderState(state), hold)
        for key, pk, text, state, hold in cursor.fetchall()
    }


def _insert(
    cursor: CursorWrapper, drafts: Sequence[tuple[Draft, int | None]], audit_id: int
) -> dict[str, int]:
    rows = [_row(draft, parent, audit_id) for draft, parent in drafts]
    return dict(
        execute_values(cursor.cursor, _INSERT, rows, template=_ROW, page_size=PAGE, fetch=True)
    )


def _row(draft: Draft, parent: int | None, audit_id: int) -> tuple[Any, ...]:
    request, place = draft.request, draft.place
    return (
        *(draft.key, draft.hash, request.company_id, request.kind, parent, draft.step),
        request.continue_on_error,
        *((place.concentrator, place.meter, place.usage_point) if place else (None, None, None)),
        *(json.dumps(draft.parameters), request.priority, request.not_before, draft.expires_at),
        *(request.bypass_retry, request.source, request.requested_by, request.external_system),
        *(request.outer_id, request.correlation_id, request.is_external, audit_id),
        *(draft.state.value, draft.hold_reason[:200]),
    )
