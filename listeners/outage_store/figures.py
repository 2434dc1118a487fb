"""Figures per civil day of a company, counted anew where something changed, the current one always.

Minutes are cut at midnight of the company's zone, so the figures of a day are final when it is
over, but for what arrives late: such a day is marked and counted again.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices.models import Company
from hes.domain.time import local_day, utc
from listeners.outages.figures import DayFigures

EARLIEST = timedelta(days=40)  # as old as samples may be (setting `ledger_days`)
FRESH = timedelta(seconds=55)
MOST_DAYS = 400  # that are asked for at once

_MARK = """
INSERT INTO outage_day (company_id, day, customers, interruptions, momentaries, customer_seconds,
    outages) SELECT %s, day, 0, 0, 0, 0, 0 FROM unnest(%s::date[]) AS day
ON CONFLICT (company_id, day) DO UPDATE SET counted_at = NULL
    WHERE outage_day.counted_at IS NOT NULL
"""
_ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(hashtext('hes_outage_figures'))"
_KNOWN = """
SELECT day, counted_at FROM outage_day
WHERE company_id = %s AND (counted_at IS NULL OR day >= %s)
"""
# Waiting ones count when the rules have decided; without a usage point nobody is interrupted.
_COUNT = """
INSERT INTO outage_day (company_id, day, counted_at, customers, interruptions, momentaries,
    customer_seconds, outages)
SELECT %(company)s, %(day)s, %(now)s,
    (SELECT count(*) FROM meter_installation i JOIN meter m ON m.id = i.meter_id
        WHERE m.company_id = %(company)s AND i.validity @> least(%(end)s, %(now)s)),
    count(*) FILTER (WHERE began_at >= %(begin)s AND NOT is_momentary),
    count(*) FILTER (WHERE began_at >= %(begin)s AND is_momentary),
    coalesce(round(sum(extract(epoch FROM least(coalesce(ended_at, %(now)s), %(end)s)
        - greatest(began_at, %(begin)s))) FILTER (WHERE NOT is_momentary)), 0),
    (SELECT count(*) FROM outage WHERE company_id = %(company)s AND state <> 'merged'
        AND since >= %(begin)s AND since < %(end)s)
FROM interruption
WHERE company_id = %(company)s AND usage_point_id IS NOT NULL AND began_at < %(end)s
    AND (ended_at >= %(begin)s OR ended_at IS NULL)
    AND (outage_id IS NOT NULL OR nested_in_id IS NOT NULL OR is_momentary)
    AND began_at <= %(now)s
ON CONFLICT (company_id, day) DO UPDATE SET counted_at = excluded.counted_at,
    customers = excluded.customers, interruptions = excluded.interruptions,
    momentaries = excluded.momentaries, customer_seconds = excluded.customer_seconds,
    outages = excluded.outages
"""
_FIGURES = """
SELECT day, outages, customers, interruptions, momentaries, customer_seconds FROM outage_day
WHERE company_id = %s AND day BETWEEN %s AND %s ORDER BY day
"""


def note_since(cursor: CursorWrapper, since: Mapping[int, datetime], now: datetime) -> None:
    """Mark the days from these moments on: something of them has changed."""
    for pk, company in Company.objects.in_bulk(list(since)).items():
        first = max(since[pk], now - EARLIEST).astimezone(company.zone).date()
        last = now.astimezone(company.zone).date()
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        cursor.execute(_MARK, [pk, days])


def refresh(now: datetime | None = None) -> int:
    """Count what is marked, today, and a day that has just ended; how many days were counted."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute("SELECT statement_timestamp()")
        moment = now or cursor.fetchone()[0]
        return sum(_refresh(cursor, company, moment) for company in Company.objects.order_by("pk"))


def _refresh(cursor: CursorWrapper, company: Company, now: datetime) -> int:
    today = now.astimezone(company.zone).date()
    cursor.execute(_KNOWN, [company.pk, today - timedelta(days=1)])
    known: dict[date, datetime | None] = dict(cursor.fetchall())
    days = [day for day, counted in known.items() if _is_due(day, counted, company.zone, now)]
    days += [] if today in known else [today]
    for day in days:
        begin, end = map(utc, local_day(day, company.zone))
        span: dict[str, Any] = {"day": day, "now": now, "begin": begin, "end": end}
        cursor.execute(_COUNT, {**span, "company": company.pk})
    return len(days)


def _is_due(day: date, counted: datetime | None, zone: ZoneInfo, now: datetime) -> bool:
    """Marked, or still running; once more when it has ended."""
    if counted is None:
        return True
    end = utc(local_day(day, zone)[1])
    return now - counted >= FRESH if now < end else counted < end


def of_days(company_id: int, first: date, last: date) -> list[dict[str, Any]]:
    """The days of a company that were ever counted, with their indices."""
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, [company_id, first, last])
        return [_record(*row) for row in cursor.fetchall()]


def _record(day: date, outages: int, *facts: int) -> dict[str, Any]:
    figures = DayFigures(*facts)
    names = ("customers", "interruptions", "momentaries", "customer_minutes")
    indices = ("saidi", "saifi", "caidi", "maifi")
    shown = {name: getattr(figures, name) for name in (*names, *indices)}
    return {"day": day, "outages": outages, **shown}
