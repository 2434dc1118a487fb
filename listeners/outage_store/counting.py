"""Counts whom an outage reaches, and closes those that are over."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from listeners.outages.endings import Tally, is_over
from listeners.outages.facts import Level, Rules

# What is materialized is counted once, also where statistics of a calm time know of hardly
# any: a look at 100,000 then counted all of them once for each outage, and took a minute.
_COUNT = """
WITH n AS MATERIALIZED (
    SELECT outage_id, count(DISTINCT meter_id) AS meters,
        count(DISTINCT meter_id) FILTER (WHERE ended_at IS NULL) AS meters_out,
        count(*) FILTER (WHERE meter_id IS NULL AND ended_at IS NULL) AS concentrators_out,
        count(DISTINCT usage_point_id) AS customers,
        count(DISTINCT usage_point_id) FILTER (WHERE ended_at IS NULL) AS customers_out,
        max(ended_at) AS last_end
    FROM interruption WHERE outage_id = ANY(%s) GROUP BY outage_id),
before AS MATERIALIZED (
    SELECT id, customers, customers_out FROM outage
    WHERE id = ANY(%s) AND company_id = %s AND state = 'open')
UPDATE outage o SET meters = n.meters, meters_out = n.meters_out,
    concentrators_out = n.concentrators_out, customers = n.customers,
    customers_out = n.customers_out
FROM n JOIN before ON before.id = n.outage_id
WHERE o.id = n.outage_id
RETURNING o.id, o.level, o.meters, o.meters_out, o.concentrators_out,
    before.customers, before.customers_out, o.customers, o.customers_out, n.last_end
"""
_ENDS = """
SELECT id, until, customer_seconds, restored_by FROM outage
WHERE id = ANY(%s) AND company_id = %s AND state = 'closed'
"""
# Whoever is left over is counted up to the end; after it he has an outage of his own.
_CLOSE = """
WITH n AS MATERIALIZED (
    SELECT DISTINCT ON (outage_id) outage_id, ended_at AS until, ended_by AS restored_by
    FROM interruption WHERE outage_id = ANY(%s) AND ended_at IS NOT NULL
    ORDER BY outage_id, ended_at DESC)
UPDATE outage o SET state = 'closed', closed_at = coalesce(o.closed_at, %s), until = n.until,
    meters_out = 0, concentrators_out = 0, customers_out = 0, restored_by = n.restored_by,
    customer_seconds = (SELECT coalesce(round(sum(extract(epoch FROM
            greatest(least(coalesce(i.ended_at, n.until), n.until) - i.began_at,
                interval '0')))), 0)
        FROM interruption i WHERE i.usage_point_id IS NOT NULL
            AND (i.outage_id = o.id OR i.nested_in_id = o.id))
FROM n WHERE o.id = n.outage_id
"""
_LEFT_OVER = """
UPDATE interruption SET outage_id = NULL, nested_in_id = outage_id
WHERE outage_id = ANY(%s) AND ended_at IS NULL
"""


class End(NamedTuple):
    """What was told of the end of an outage."""

    outage: int
    until: datetime
    customer_seconds: int
    restored_by: str


class Counted(NamedTuple):
    """An open outage after it was counted anew."""

    outage: int
    level: str
    meters: int
    meters_out: int
    concentrators_out: int
    customers_before: int
    customers_out_before: int
    customers: int
    customers_out: int
    last_end: datetime | None

    def is_over(self, rules: Rules) -> bool:
        """By the rules."""
        tally = Tally(Level(self.level), self.meters, self.meters_out, self.concentrators_out)
        return is_over(tally, rules)


def count(cursor: CursorWrapper, company_id: int, outages: Iterable[int]) -> list[Counted]:
    """Count these anew; those of them that are open, and the company's."""
    ids = sorted(outages)
    if not ids:
        return []
    cursor.execute(_COUNT, [ids, ids, company_id])
    return [Counted(*row) for row in cursor.fetchall()]


def ends(cursor: CursorWrapper, company_id: int, outages: Iterable[int]) -> set[End]:
    """Of those that are closed, and the company's."""
    cursor.execute(_ENDS, [sorted(outages), company_id])
    return {End(*row) for row in cursor.fetchall()}


def close(cursor: CursorWrapper, outages: list[int], now: datetime) -> None:
    """They are over; who is still without power waits for an outage of his own.

    Of those that were closed before, end and minutes are told anew: an end was corrected.
    """
    if outages:
        cursor.execute(_CLOSE, [outages, now])
        cursor.execute(_LEFT_OVER, [outages])
