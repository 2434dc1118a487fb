"""Breakers as last known, without contact (001 2.4): any set of meters in one query."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from workorders.activities.orders.base import Rejected

# A breaker is told by orders only; before the first one it is as provisioned, known by nobody.
_STATES = """
SELECT r.n, coalesce(m.serial_number, ''), coalesce(h.name, p.name, ''), m.id IS NOT NULL,
    p.id IS NOT NULL, m.breaker_state, known.at
FROM unnest(%(meters)s::text[], %(pods)s::text[]) WITH ORDINALITY AS r(meter, pod, n)
    LEFT JOIN usage_point p ON p.company_id = %(company)s AND p.name = r.pod
    LEFT JOIN meter_installation i ON i.usage_point_id = p.id AND i.validity @> now()
    LEFT JOIN meter s ON s.serial_number = r.meter
    LEFT JOIN meter m ON m.company_id = %(company)s AND m.id = coalesce(s.id, i.meter_id)
    LEFT JOIN meter_installation w ON w.meter_id = m.id AND w.validity @> now()
    LEFT JOIN usage_point h ON h.id = w.usage_point_id
    LEFT JOIN LATERAL (SELECT max(coalesce(o.executed_at, o.ended_at)) AS at FROM work_order o
        WHERE o.meter_id = m.id AND o.breaker IS NOT NULL) known ON true
ORDER BY r.n
"""


@dataclass(frozen=True, slots=True)
class BreakerState:
    """What is known of one breaker; `known_at` None: as provisioned, no order has told yet."""

    meter: str
    pod: str
    percent: int
    state: str
    known_at: datetime | None


def name_of(percent: int) -> str:
    """As operators say it (design 6)."""
    if percent == 0:
        return "Not connected"
    return "Connected" if percent >= 100 else f"Reduced {percent} %"


def of(
    company_id: int, meters: Sequence[str], pods: Sequence[str]
) -> list[BreakerState | Rejected]:
    """One answer for each serial, then for each POD, in the order asked."""
    values: dict[str, Any] = {
        "company": company_id,
        "meters": [*meters, *[None] * len(pods)],
        "pods": [*[None] * len(meters), *pods],
    }
    with connection.cursor() as cursor:
        cursor.execute(_STATES, values)
        asked = [*meters, *pods]
        return [_state(asked[n - 1], n <= len(meters), *row) for n, *row in cursor.fetchall()]


def _state(
    asked: str,
    by_meter: bool,
    meter: str,
    pod: str,
    is_known: bool,
    is_point: bool,
    percent: int,
    at: datetime | None,
) -> BreakerState | Rejected:
    if is_known:
        return BreakerState(meter, pod, percent, name_of(percent), at)
    if by_meter:
        return Rejected("2.4", f"no meter of yours has the serial {asked}")
    if is_point:
        return Rejected("2.12", f"no meter is installed at POD {asked}")
    return Rejected("2.12", f"no POD of yours is called {asked}")
