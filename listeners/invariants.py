"""What must be true of stored outages and of the listeners' counts at any time.

Looked at is all that is open, and what ended in the last days, while its lines are surely still in
the outbox and its datagrams in the journal. Broken are outages and interruptions by their number,
counts by their day as a number (20261128).
"""

from hes.lib.invariants import Checked, Invariant, Values, check_all
from listeners import meaning
from listeners.outages.facts import Level

DAYS = 2  # blocks and datagrams are kept at least as long

# Who was left over of an outage is nested in it, unless a later one has taken him meanwhile; he was
# counted up to its end, whatever is heard of him later.
_COUNTED = """
SELECT o.id, CASE
    WHEN o.state = 'open' AND (o.meters, o.meters_out, o.concentrators_out, o.customers_out)
            <> (n.meters, n.meters_out, n.concentrators_out, n.customers_out)
        THEN 'its interruptions count otherwise'
    WHEN o.customers <> coalesce(n.customers, 0) AND (n.customers > o.customers OR NOT {taken})
        THEN format('%%s customers, its interruptions have %%s',
            o.customers, coalesce(n.customers, 0))
    WHEN o.customer_seconds <> n.seconds AND (n.seconds > o.customer_seconds OR NOT {taken})
        THEN format('%%s customer seconds, its interruptions have %%s',
            o.customer_seconds, n.seconds) END
FROM ours o LEFT JOIN (
    SELECT of, count(DISTINCT meter_id) AS meters,
        count(DISTINCT meter_id) FILTER (WHERE ended_at IS NULL) AS meters_out,
        count(*) FILTER (WHERE meter_id IS NULL AND ended_at IS NULL) AS concentrators_out,
        count(DISTINCT usage_point_id) AS customers,
        count(DISTINCT usage_point_id) FILTER (WHERE ended_at IS NULL) AS customers_out,
        coalesce(round(sum(extract(epoch FROM greatest(interval '0', counted_to - began_at)))
            FILTER (WHERE usage_point_id IS NOT NULL)), 0) AS seconds
    FROM (SELECT x.id AS of, least(i.ended_at, x.until) AS counted_to, i.*
            FROM ours x JOIN interruption i ON i.outage_id = x.id
        UNION ALL SELECT x.id, x.until, d.* FROM ours x JOIN dark d ON d.nested_in_id = x.id
            AND d.outage_id IS DISTINCT FROM x.id) i
    GROUP BY of) n ON n.of = o.id
WHERE o.state = 'open'
    OR o.state = 'closed' AND o.until > clock_timestamp() - %(days)s * interval '1 day'""".format(
    taken="EXISTS (SELECT FROM dark d WHERE d.company_id = o.company_id"
    " AND d.nested_in_id > o.id AND d.began_at <= o.until)"
)

INVARIANTS = (
    Invariant(
        "outage once",
        "no two open outages are of the same place",
        """
SELECT o.id, CASE WHEN count(*) OVER (PARTITION BY o.level, o.node_id) > 1
    THEN 'another outage of its place is open' END
FROM ours o WHERE o.state = 'open'""",
    ),
    Invariant(
        "outage dark",
        "somebody of every open outage is without power, nobody of one that is over",
        """
SELECT o.id, CASE
    WHEN o.state = 'open' AND NOT i.is_dark THEN 'open, and nobody of it is without power'
    WHEN o.state = 'closed' AND i.is_dark THEN 'closed, and somebody of it is without power'
    WHEN o.state = 'closed' AND i.last_end > o.until THEN 'somebody of it was dark for longer'
    WHEN o.state = 'merged' AND i.rows > 0 THEN 'merged, and interruptions still belong to it' END
FROM ours o CROSS JOIN LATERAL (SELECT coalesce(bool_or(ended_at IS NULL), false) AS is_dark,
    max(ended_at) AS last_end, count(*) AS rows FROM interruption WHERE outage_id = o.id) i""",
    ),
    Invariant("outage counted", "an outage has as many customers as its interruptions", _COUNTED),
    Invariant(
        "outage over",
        "what is over has ended after it began, what is open has not ended",
        """
SELECT o.id, CASE
    WHEN o.state = 'open' AND num_nonnulls(o.until, o.closed_at, o.parent_id) > 0
        THEN 'open, and has ended'
    WHEN o.state <> 'open' AND o.meters_out + o.concentrators_out + o.customers_out > 0
        THEN 'over, and customers are out'
    WHEN o.state = 'closed' AND num_nulls(o.until, o.closed_at, o.customer_seconds) > 0
        THEN 'closed, and nobody knows when'
    WHEN o.until < o.since OR o.closed_at < o.opened_at THEN 'ended before it began' END
FROM ours o""",
    ),
    Invariant(
        "outage parts",
        "a merged outage lies inside its parent",
        """
SELECT o.id, CASE
    WHEN p.id IS NULL THEN 'merged into an outage that is not there'
    WHEN p.company_id <> o.company_id THEN 'merged into an outage of another company'
    WHEN array_position(%(levels)s, p.level::text) <= array_position(%(levels)s, o.level::text)
        THEN format('a %%s cannot be part of a %%s', o.level, p.level)
    WHEN p.node_id <> CASE p.level WHEN 'substation' THEN o.substation_id
            WHEN 'transformer' THEN o.transformer_id ELSE o.concentrator_id END
        THEN format('it does not lie under %%s %%s', p.level, p.name)
    WHEN p.opened_at > o.closed_at OR p.closed_at < o.closed_at
        THEN 'merged while its parent was not open' END
FROM ours o LEFT JOIN outage p ON p.id = o.parent_id WHERE o.state = 'merged'""",
    ),
    Invariant(
        "outage lines",
        "every outage that was opened or has ended has exactly one OUT line of it",
        """
SELECT o.id, CASE WHEN coalesce(t.lines, 0) <> (e.event IN ('OPENED', upper(o.state)))::int
    THEN format('%%s %%s lines', coalesce(t.lines, 0), e.event) END
FROM ours o CROSS JOIN (VALUES ('OPENED'), ('CLOSED'), ('MERGED')) AS e (event)
    LEFT JOIN (SELECT split_part(line, ';', 6)::bigint AS outage, split_part(line, ';', 7) AS event,
            count(*) AS lines
        FROM export_block b, string_to_table(convert_from(b.body, 'UTF8'), chr(10)) AS line
        WHERE b.kind = 'OUT' AND b.day >= current_date - %(days)s - 1 AND line <> ''
        GROUP BY 1, 2) t ON t.outage = o.id AND t.event = e.event
WHERE e.event <> 'OPENED' OR o.opened_at > clock_timestamp() - %(days)s * interval '1 day'""",
    ),
    Invariant(
        "interruption",
        "an interruption ends after it began, by somebody who said so",
        """
SELECT d.id, CASE
    WHEN d.ended_at < d.began_at THEN 'it ends before it begins'
    WHEN (d.ended_at IS NULL) <> (d.ended_by = '') THEN 'its end and who told of it differ'
    WHEN d.is_momentary AND d.ended_at IS NULL THEN 'momentary, and it lasts' END
FROM dark d""",
    ),
    Invariant(
        "interruption of",
        "an interruption is of one open meter and of an outage of its company",
        """
SELECT d.id, CASE
    WHEN d.outage_id IS NOT NULL AND o.id IS NULL THEN 'of an outage that is not there'
    WHEN o.company_id <> d.company_id THEN 'of an outage of another company'
    WHEN d.ended_at IS NULL AND count(*) FILTER (WHERE d.ended_at IS NULL) OVER (
            PARTITION BY d.meter_id, CASE WHEN d.meter_id IS NULL THEN d.concentrator_id END) > 1
        THEN 'another one of its device is open' END
FROM dark d LEFT JOIN outage o ON o.id = d.outage_id""",
    ),
    Invariant(
        "day counted",
        "what meaning has read of a day is stored, duplicate, suspect or rejected",
        """
SELECT to_char(x.day, 'YYYYMMDD')::bigint, CASE WHEN read.rows <> counted.sum
    THEN format('%%s datagrams were read, %%s have a verdict', read.rows, counted.sum) END
FROM listener_cursor c JOIN pg_control_system() s USING (system_identifier)
CROSS JOIN (SELECT current_date - n AS day FROM generate_series(0, %(days)s) AS n) x
CROSS JOIN LATERAL (SELECT count(*) AS rows FROM datagram d
    WHERE d.day = x.day AND (d.xid, d.id) <= (c.xid::text::xid8, c.row_id)) read
CROSS JOIN LATERAL (SELECT coalesce(sum(count), 0) AS sum FROM listener_count
    WHERE minute >= x.day AND minute < x.day + 1) counted
WHERE c.reader = %(reader)s AND %(company)s::bigint IS NULL""",
    ),
)

_SCOPE = """
WITH ours AS MATERIALIZED (SELECT * FROM outage
    WHERE (%(company)s::bigint IS NULL OR company_id = %(company)s)
        AND (closed_at IS NULL OR closed_at > clock_timestamp() - %(days)s * interval '1 day')),
dark AS MATERIALIZED (
    SELECT * FROM interruption WHERE ended_at IS NULL
        AND (%(company)s::bigint IS NULL OR company_id = %(company)s)
    UNION ALL SELECT i.* FROM company c JOIN interruption i ON i.company_id = c.id
        AND i.ended_at > clock_timestamp() - %(days)s * interval '1 day'
    WHERE %(company)s::bigint IS NULL OR c.id = %(company)s)"""


def check(company_id: int | None = None) -> list[Checked]:
    """Every invariant, of one company or of all; counts of datagrams belong to none."""
    values: Values = {
        **{"company": company_id, "days": DAYS, "reader": meaning.READER},
        "levels": [level.value for level in Level],  # from the smallest
    }
    return check_all(INVARIANTS, _SCOPE, values)


def broken(company_id: int | None = None) -> list[Checked]:
    """The invariants that do not hold; empty: all is well."""
    return [one for one in check(company_id) if one.broken]
