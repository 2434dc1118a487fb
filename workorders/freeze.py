"""The freeze switch: while it is on no disconnection or reduction is sent (design D14).

Who switches it leaves a row of the audit, also where it is refused (D17).
"""

import logging
from dataclasses import replace
from datetime import datetime

from django.db import connection, transaction
from django.db.models.functions import Now

from devices import audit
from devices.audit import Act
from devices.parameters import parameters_of
from workorders.activities.orders.base import Rejected
from workorders.activities.orders.registry import ACTIVITIES
from workorders.models import Freeze

log = logging.getLogger(__name__)

WATCH = "anomaly watch"
ON, OFF = "freeze.on", "freeze.off"

# The last hour against the same hour of the 30 days before; a day without orders is a zero.
_ANOMALIES = """
WITH sent AS (SELECT company_id, sent_at FROM work_order
    WHERE counted AND kind = ANY(%(kinds)s) AND sent_at <= %(now)s),
busy AS (SELECT company_id, count(*) AS orders FROM sent
    WHERE sent_at > %(now)s - interval '1 hour' GROUP BY company_id HAVING count(*) >= 20)
SELECT b.company_id, b.orders, usual.median
FROM busy b CROSS JOIN LATERAL (
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY past.orders) AS median
    FROM generate_series(1, 30) AS day CROSS JOIN LATERAL (
        SELECT count(*) AS orders FROM sent s WHERE s.company_id = b.company_id
            AND s.sent_at <= %(now)s - day * interval '1 day'
            AND s.sent_at > %(now)s - day * interval '1 day' - interval '1 hour') past) usual
WHERE EXISTS (SELECT FROM sent s WHERE s.company_id = b.company_id
        AND s.sent_at <= %(now)s - interval '30 days')
    AND NOT EXISTS (SELECT FROM "freeze" f WHERE f.ended_at IS NULL
        AND (f.company_id IS NULL OR f.company_id = b.company_id))
"""


def on(company_id: int | None, who: str, reason: str) -> Freeze:
    """Freeze a company, or all (None), until `off`."""
    with transaction.atomic():
        _note(Act(ON, who, company_id, _scope(company_id), text=reason))
        return Freeze.objects.create(company_id=company_id, begun_by=who, reason=reason[:200])


def off(company_id: int | None, who: str, reason: str) -> int:
    """End the freezes of a company, or those of all (None); returns how many. Held orders stay.

    Raises Rejected where one of them was begun by `who`: off needs two (reliability-security 8.1).
    """
    act = Act(OFF, who, company_id, _scope(company_id), text=reason)
    try:
        ended = _end(act)
    except Rejected as against:
        _note(replace(act, is_refused=True, code=against.code, text=against.text))
        raise
    log.warning("%s ended %d freezes of company %s: %s", who, ended, company_id or "(all)", reason)
    return ended


def _end(act: Act) -> int:
    with transaction.atomic():
        standing = Freeze.objects.select_for_update().filter(company=act.company_id, ended_at=None)
        if act.who in {freeze.begun_by for freeze in standing}:
            raise Rejected("7.5", f"{act.who} switched it on: another person switches it off")
        if ended := standing.update(ended_at=Now(), ended_by=act.who):
            _note(replace(act, count=ended))
        return ended


def _scope(company_id: int | None) -> str:
    return "company" if company_id else "all companies"


def _note(act: Act) -> None:
    with connection.cursor() as cursor:
        audit.note(cursor, act)


def watch(now: datetime) -> list[Freeze]:
    """Freeze companies whose last hour is far above the usual of this hour; returns the freezes.

    Only with 30 days of history and 20 orders in the hour (design D14).
    """
    kinds = [kind for kind, activity in ACTIVITIES.items() if activity.guarded]
    with connection.cursor() as cursor:
        cursor.execute(_ANOMALIES, {"kinds": kinds, "now": now})
        busy = cursor.fetchall()
    return [
        _freeze(company, orders, median)
        for company, orders, median in busy
        if (factor := parameters_of(company).number("freeze_factor")) > 0
        and orders > factor * median
    ]


def _freeze(company: int, orders: int, median: float) -> Freeze:
    reason = f"{orders} disconnections and reductions in an hour, usual are {median:g}"
    log.error("company %d is frozen: %s", company, reason)
    return on(company, WATCH, reason)
