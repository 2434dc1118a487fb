"""When what listeners keep is old, and who still needs it (`hes maintain`).

Raw datagrams go after DATAGRAM_DAYS, but not before meaning has read them all, and not while a
listener holds some of that day on its disk; changes of power after POWER_CHANGE_MONTHS, once the
outages have read them. Messages and suspects have no reader that remembers a place. Interruptions,
outages and what hangs on them go after OUTAGE_MONTHS; whatever its age, nothing goes that is open,
waits for the rules, or is part of an outage that stays. Figures per day stay for ever, and so do
the counts of datagrams: those by minute become one a day, with the journal that they count.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import partial

from django.conf import settings
from django.db import connection

from devices.partition_drops import Partition
from devices.retirement import Retirement, Verdict
from listeners import cursors, meaning, silence
from listeners.cursors import ForeignCluster
from listeners.outage_store import changes

COUNTED = 10_000  # unread rows; more need not be told

# Read from the partition itself, which may be detached by now.
_UNREAD = """
SELECT count(*) FROM (SELECT FROM {rows} WHERE xid >= %(xid)s::text::xid8
    AND (xid, id) > (%(xid)s::text::xid8, %(row_id)s) LIMIT %(limit)s) AS unread
"""
# By company, so that the index of ended interruptions gives the oldest first.
_INTERRUPTIONS = """
DELETE FROM interruption WHERE id IN (
    SELECT old.id FROM company c CROSS JOIN LATERAL (
        SELECT i.id FROM interruption i WHERE i.company_id = c.id AND i.ended_at < %(before)s
            AND (i.is_momentary OR i.outage_id IS NOT NULL) AND NOT EXISTS (SELECT FROM outage o
                WHERE o.id = i.outage_id AND coalesce(o.closed_at, 'infinity') >= %(before)s)
        ORDER BY i.ended_at LIMIT %(limit)s) old
    LIMIT %(limit)s)
"""
_OUTAGES = """
WITH old AS (
    SELECT o.id FROM outage o WHERE o.closed_at < %(before)s
        AND NOT EXISTS (SELECT FROM interruption i WHERE i.outage_id = o.id)
        AND NOT EXISTS (SELECT FROM outage p
            WHERE p.id = o.parent_id AND coalesce(p.closed_at, 'infinity') >= %(before)s)
    ORDER BY o.id LIMIT %(limit)s),
steps AS (DELETE FROM outage_step WHERE outage_id IN (SELECT id FROM old)),
checks AS (DELETE FROM outage_check WHERE outage_id IN (SELECT id FROM old))
DELETE FROM outage WHERE id IN (SELECT id FROM old)
"""
_CHECKS = """
DELETE FROM outage_check WHERE id IN (
    SELECT id FROM outage_check
    WHERE outage_id IS NULL AND finding <> '' AND asked_at < %(before)s
    ORDER BY id LIMIT %(limit)s)
"""
_STORMS = """
DELETE FROM outage_storm WHERE id IN (
    SELECT id FROM outage_storm WHERE until < %(before)s ORDER BY id LIMIT %(limit)s)
"""
_COUNTS = """
WITH old AS (
    SELECT id, minute, verdict, reason, count FROM listener_count
    WHERE minute < %(before)s AND minute <> date_trunc('day', minute)
    ORDER BY minute LIMIT %(limit)s FOR UPDATE),
days AS (
    INSERT INTO listener_count AS known (minute, verdict, reason, count)
    SELECT date_trunc('day', minute), verdict, reason, sum(count) FROM old GROUP BY 1, 2, 3
    ON CONFLICT (minute, verdict, reason) DO UPDATE SET count = known.count + excluded.count)
DELETE FROM listener_count WHERE id IN (SELECT id FROM old)
"""
# In this order: an outage goes after its interruptions.
_ROWS = (
    ("interruption", _INTERRUPTIONS, "of outages that were over before"),
    ("outage", _OUTAGES, "over before"),
    ("outage_check", _CHECKS, "of suspicions before"),
    ("outage_storm", _STORMS, "over before"),
)


def retire(run: Retirement) -> Iterator[Verdict]:
    """Let go what is old and read; tells of each old partition, and of rows that went."""
    yield from _journal(run, settings.DATAGRAM_DAYS)
    months = settings.POWER_CHANGE_MONTHS
    for partition in run.older("power_change", run.months_ago(months)):
        needed = partial(_unread, partition, changes.READER)
        yield run.drop(partition, _kept_for(months), needed=needed)
    for table, months in _messages():
        for partition in run.older(table, run.months_ago(months)):
            yield run.drop(partition, _kept_for(months))
    for table, statement, what in _ROWS:
        yield from run.delete(table, statement, run.months_ago(settings.OUTAGE_MONTHS), what)


def _journal(run: Retirement, days: int) -> Iterator[Verdict]:
    before = run.today - timedelta(days=days)
    for partition in run.older("datagram", before):
        yield run.drop(
            partition, f"kept for {days} days", needed=partial(_journal_needed, partition)
        )
    yield from run.delete("listener_count", _COUNTS, before, "counts by minute before")


def _messages() -> tuple[tuple[str, int], ...]:
    return (
        ("spontaneous_message", settings.MESSAGE_MONTHS),
        ("suspect_message", settings.SUSPECT_MONTHS),
    )


def _journal_needed(partition: Partition) -> str:
    return _unread(partition, meaning.READER) or _on_disk(partition)


def _kept_for(months: int) -> str:
    return f"kept for {months} months"


def _unread(partition: Partition, reader: str) -> str:
    """Why a reader still needs it; '' if it has passed every row."""
    with connection.cursor() as cursor:
        try:
            place = cursors.place_of(cursor, reader)
        except ForeignCluster as fault:
            return str(fault)
        cursor.execute(_UNREAD.format(rows=partition.name), place._asdict() | {"limit": COUNTED})
        count = cursor.fetchone()[0]
    more = " or more" if count == COUNTED else ""
    return f"{reader} has {count:,} rows{more} of it left" if count else ""


def _on_disk(partition: Partition) -> str:
    """Which listener still has datagrams of that day to write."""
    holders = silence.holding(datetime.combine(partition.ends, time.min, UTC))
    told = (f"{one.subject} holds datagrams since {one.waiting_since:%Y-%m-%d}" for one in holders)
    return "; ".join(told)
