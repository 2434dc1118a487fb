"""Campaigns as people look at them: a table, or one wave by wave with its history."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from hes.domain.errors import HesError
from hes.lib.tables import table
from workorders.campaigns.rules import CANARY

HEAD = ("CAMPAIGN", "NAME", "KIND", "STATE", "TARGETS", "DONE", "FAILED", "LEFT", "CREATED", "BY")
WAVE_HEAD = ("WAVE", "TARGETS", "ORDERED", "DONE", "FAILED", "LEFT", "OPEN", "AT")
ORDERS_HEAD = ("OPEN ORDERS", "STATE")
REASONS_HEAD = ("TARGETS", "WHY THEY FAILED")
HISTORY_HEAD = ("AT", "STATE", "ACT", "WHO", "TEXT")
REASONS, EVENTS, WAVES = 10, 50, 1000

_LIST = """
SELECT c.id, c.name, c.kind, c.state, sum(w.size), sum(w.done), sum(w.failed), sum(w."left"),
    c.created_at, c.created_by
FROM campaign c JOIN campaign_wave w ON w.campaign_id = c.id
WHERE c.company_id = %s GROUP BY c.id ORDER BY c.id DESC LIMIT %s
"""
_SHOW = """
SELECT name, kind, parameters::text, state, created_by, approved_by, stop_permille, patience_hours,
    order_hours, priority, started_at, ended_at
FROM campaign WHERE id = %s
"""
_NAMES = (
    "name", "kind", "parameters", "state", "created by", "approved by", "stops above",
    "patience", "life of orders", "priority", "started", "ended",
)  # fmt: skip
_WAVES = """
SELECT number, size, submitted_at, done, failed, "left" FROM campaign_wave
WHERE campaign_id = %s ORDER BY number LIMIT %s
"""
_OPEN = """
SELECT count(*), o.state FROM campaign_target t JOIN work_order o ON o.id = t.order_id
WHERE t.campaign_id = %s AND t.outcome = '' AND t.order_id IS NOT NULL GROUP BY o.state ORDER BY 2
"""
_REASONS = """
SELECT count(*), coalesce(nullif(t.reason, ''), o.result_text) FROM campaign_target t
    LEFT JOIN work_order o ON o.id = t.order_id
WHERE t.campaign_id = %s AND t.outcome = 'failed' GROUP BY 2 ORDER BY 1 DESC, 2 LIMIT %s
"""
_HISTORY = """
SELECT at, state, act, who, text FROM (SELECT * FROM campaign_event WHERE campaign_id = %s
    ORDER BY id DESC LIMIT %s) newest ORDER BY id
"""


def listing(company_id: int, limit: int) -> str:
    """The newest campaigns of a company."""
    with connection.cursor() as cursor:
        rows = _rows(cursor, _LIST, company_id, limit)
    return "\n".join(table([HEAD, *rows])) if rows else "there are no campaigns"


def describe(campaign: int) -> str:
    """Facts, progress by wave, what is open, why targets failed, and every act."""
    with connection.cursor() as cursor:
        cursor.execute(_SHOW, [campaign])
        row = cursor.fetchone()
        if row is None:
            raise HesError(f"there is no campaign {campaign}: see `hes campaign list`")
        cursor.execute(_WAVES, [campaign, WAVES])
        waves = [_wave(*found) for found in cursor.fetchall()]
        parts = (
            (ORDERS_HEAD, _rows(cursor, _OPEN, campaign)),
            (REASONS_HEAD, _rows(cursor, _REASONS, campaign, REASONS)),
            (HISTORY_HEAD, _rows(cursor, _HISTORY, campaign, EVENTS)),
        )
    shown = [*_facts(campaign, row), "", *table([WAVE_HEAD, *waves])]
    for head, rows in parts:
        shown += ["", *table([head, *rows])] if rows else []
    return "\n".join(shown)


def _facts(campaign: int, row: Sequence[Any]) -> list[str]:
    units = {"stops above": " of 1,000 in a wave", "patience": " h", "life of orders": " h"}
    facts = [
        f"{name:16}{_shown(value)}{units.get(name, '')}"
        for name, value in zip(_NAMES, row, strict=True)
        if value not in (None, "", json.dumps({}))
    ]
    return [f"{'campaign':16}{campaign}", *facts]


def _wave(
    number: int, size: int, at: datetime | None, done: int, failed: int, left: int
) -> tuple[str, ...]:
    name = "canary" if number == CANARY else str(number)
    ordered = size if at else 0
    counts = (size, ordered, done, failed, left, max(0, ordered - done - failed - left))
    return (name, *map(str, counts), _shown(at))


def _rows(cursor: CursorWrapper, statement: str, *values: int) -> list[tuple[str, ...]]:
    cursor.execute(statement, values)
    return [tuple(map(_shown, row)) for row in cursor.fetchall()]


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return "" if value is None else str(value)
