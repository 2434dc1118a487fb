"""What must be true of the stored orders at any time (reliability-security 4: I1, I3-I5, I11).

Looked at are all open orders and those that ended in the last days, while their lines are surely
still in the outbox. What only the meters know (I2: how often they carried something out) is proved
by the tests against the field.
"""

from typing import Any

from django.db import connection

from hes.lib.invariants import SHOWN, Checked, Invariant, check_all
from workorders.activities.orders.registry import ACTIVITIES
from workorders.moves import BUNDLE
from workorders.order_lanes import SILENT_READS
from workorders.states import FINAL, IN_FLIGHT, TRANSITIONS

DAYS = 2  # blocks are kept longer than this (design 8)

INVARIANTS = (
    Invariant(
        "I1 body",
        "every order keeps the hash of its request",
        """
SELECT o.id, CASE WHEN o.body_hash !~ '^[0-9a-f]{64}$' THEN 'no hash of its request' END
FROM ours o""",
    ),
    Invariant(
        "I3 unknown",
        "what is UNKNOWN is read back, or waits for a person",
        """
SELECT o.id, CASE WHEN o.silent_reads < %(reads)s AND NOT EXISTS (
        SELECT FROM lane l WHERE l.concentrator_id = o.concentrator_id
            AND (l.owner_id IS NOT NULL OR l.next_due IS NOT NULL))
    THEN 'UNKNOWN, and no visit is due that reads it back' END
FROM ours o WHERE o.state = 'unknown'""",
    ),
    Invariant(
        "I3 credit",
        "a credit that was sent has a transaction, and no other order has the same",
        """
SELECT o.id, CASE
    WHEN o.transaction IS NULL
            AND (o.sent_at IS NOT NULL OR o.state = 'done' AND o.executed_at IS NULL)
        THEN 'sent without a transaction'
    WHEN twice.transaction IS NOT NULL
        THEN format('transaction %%s is drawn twice', o.transaction) END
FROM ours o LEFT JOIN (SELECT transaction FROM work_order WHERE transaction IS NOT NULL
    GROUP BY transaction HAVING count(*) > 1) twice ON twice.transaction = o.transaction
WHERE o.kind = ANY(%(credits)s::varchar[]) OR o.transaction IS NOT NULL""",
    ),
    Invariant(  # 10 s: between the check and its event the caps are counted under a lock
        "I4 sent",
        "nothing is sent expired, ended, unapproved or frozen; nobody approves his own",
        """
SELECT o.id, CASE
    WHEN s.at > o.expires_at + interval '10 s' THEN 'sent after its expiry'
    WHEN EXISTS (SELECT FROM order_event e WHERE e.order_id = o.id AND e.id < s.id
        AND e.state = ANY(%(final)s)) THEN 'sent after its end'
    WHEN (SELECT coalesce(max(e.id) FILTER (WHERE e.state = 'held'), 0)
            > coalesce(max(e.id) FILTER (WHERE e.cause = 'approved'), 0)
        FROM order_event e WHERE e.order_id = o.id AND e.id < s.id) THEN 'sent while held'
    WHEN EXISTS (SELECT FROM order_event e WHERE e.order_id = o.id AND e.cause = 'approved'
        AND e.who = o.requested_by) THEN 'approved by its requester'
    WHEN o.kind = ANY(%(guarded)s::varchar[]) AND EXISTS (SELECT FROM "freeze" f
        WHERE (f.company_id IS NULL OR f.company_id = o.company_id)
            AND s.at > f.begun_at + interval '10 s' AND s.at < coalesce(f.ended_at, 'infinity'))
        THEN 'sent while frozen' END
FROM ours o JOIN order_event s ON s.order_id = o.id AND s.cause = 'begun'""",
    ),
    Invariant(
        "I5 end",
        "every ended order has one final event and a result",
        """
SELECT o.id, CASE WHEN e.ends <> 1 THEN format('%%s final events', e.ends)
    WHEN o.result_text = '' THEN 'ended without a result' END
FROM ours o CROSS JOIN LATERAL (SELECT count(*) AS ends FROM order_event e
    WHERE e.order_id = o.id AND e.state = ANY(%(final)s)) e
WHERE o.ended_at IS NOT NULL""",
    ),
    Invariant(
        "I5 line",
        "a result code leaves exactly one HPE line, with the caller's correlation id",
        """
SELECT o.id, CASE
    WHEN coalesce(h.lines, 0) <> (o.result_code <> '')::int
        THEN format('%%s HPE lines', coalesce(h.lines, 0))
    WHEN coalesce(h.correlation, '') <> o.correlation_id AND h.lines > 0
        THEN 'the HPE line has another correlation id' END
FROM ours o LEFT JOIN (
    SELECT order_id, sum(lines) AS lines, min(correlation_id) AS correlation FROM export_block
    WHERE kind = 'HPE' AND order_id IS NOT NULL AND day >= current_date - %(days)s - 1
    GROUP BY order_id) h ON h.order_id = o.id
WHERE o.ended_at IS NOT NULL""",
    ),
    Invariant(
        "I5 in time",
        "nothing but UNKNOWN is open five minutes after its expiry",
        """
SELECT o.id, CASE WHEN o.expires_at < clock_timestamp() - interval '5 minutes'
    THEN format('still %%s after its expiry', o.state) END
FROM ours o WHERE o.ended_at IS NULL AND o.state <> 'unknown' AND o.kind <> ''""",
    ),
    Invariant(
        "state",
        "an order is in the state of its last event",
        """
SELECT o.id, CASE WHEN e.state IS DISTINCT FROM o.state
    THEN format('%%s, its last event says %%s', o.state, coalesce(e.state, 'nothing')) END
FROM ours o LEFT JOIN LATERAL (SELECT state FROM order_event e
    WHERE e.order_id = o.id ORDER BY e.id DESC LIMIT 1) e ON true""",
    ),
    Invariant(
        "moves",
        "every move of every order stands in the table of states",
        """
SELECT e.order_id, CASE WHEN NOT CASE
        WHEN e.before IS NULL THEN e.cause = 'accepted'
        WHEN e.cause IN ('silent', 'step') OR e.cause = 'paced' AND e.before = 'queued'
            THEN e.state = e.before
        ELSE EXISTS (SELECT FROM unnest(%(sources)s, %(causes)s, %(targets)s)
            AS legal (source, cause, target) WHERE legal.source = e.before
                AND legal.cause = e.cause AND legal.target = e.state) END
    THEN format('%%s, by %%s: %%s', coalesce(e.before, 'nothing'), e.cause, e.state) END
FROM (SELECT e.order_id, e.cause, e.state,
        lag(e.state) OVER (PARTITION BY e.order_id ORDER BY e.id) AS before
    FROM ours o JOIN order_event e ON e.order_id = o.id) e""",
    ),
    Invariant(
        "in flight",
        "one command of a device is in flight",
        """
SELECT o.id, CASE WHEN count(*) OVER (PARTITION BY o.meter_id,
        CASE WHEN o.meter_id IS NULL THEN o.concentrator_id END) > 1
    THEN 'another command of its device is in flight' END
FROM ours o WHERE o.state = ANY(%(in_flight)s)""",
    ),
    Invariant(
        "steps",
        "a step is taken after the steps before it have ended, well or to be continued",
        """
SELECT o.id, CASE WHEN taken.id IS NOT NULL AND EXISTS (
        SELECT FROM work_order b WHERE b.parent_id = o.parent_id AND b.step < o.step
            AND (b.ended_at IS NULL OR NOT (b.state = 'done' OR p.continue_on_error)
                OR taken.id < (SELECT max(e.id) FROM order_event e WHERE e.order_id = b.id)))
    THEN format('step %%s was taken too early', o.step) END
FROM ours o JOIN work_order p ON p.id = o.parent_id
    CROSS JOIN LATERAL (SELECT min(e.id) AS id FROM order_event e
        WHERE e.order_id = o.id AND e.cause = 'claimed') taken""",
    ),
    Invariant(
        "bundles",
        "a bundle is open as long as one of its steps",
        """
SELECT o.id, CASE WHEN (o.ended_at IS NULL) <> EXISTS (
        SELECT FROM work_order s WHERE s.parent_id = o.id AND s.ended_at IS NULL)
    THEN format('the bundle is %%s, its steps are not', o.state) END
FROM ours o WHERE o.kind = ''""",
    ),
    Invariant(
        "I11 call",
        "every order stands in the audit row of the call that made it",
        """
SELECT o.id, CASE WHEN a.id IS NULL THEN 'no audit row tells who made it'
    WHEN a.is_refused OR a.act <> 'order.submit' OR NOT a.orders @> o.id
        OR a.company_id <> o.company_id THEN format('audit row %%s is not of it', a.id) END
FROM ours o LEFT JOIN audit_row a ON a.id = o.audit_id""",
    ),
    Invariant(  # rows without a hash are of orders from before the audit
        "I11 list",
        "a call's orders are as many as its audit row says, and ask what they asked",
        """
SELECT c.first, CASE WHEN c.orders <> a.count
        THEN format('%%s orders of %%s in audit row %%s', c.orders, a.count, a.id)
    WHEN c.hash <> a.hash THEN format('another request than in audit row %%s', a.id) END
FROM audit_row a CROSS JOIN LATERAL (SELECT min(w.id) AS first, count(*) AS orders,
        encode(sha256(string_agg(w.body_hash, chr(10) ORDER BY w.id)::bytea), 'hex') AS hash
    FROM work_order w WHERE w.id BETWEEN lower(a.orders) AND upper(a.orders) - 1
        AND w.audit_id = a.id AND w.parent_id IS NULL) c
WHERE a.hash <> '' AND c.first IS NOT NULL AND a.id IN (SELECT audit_id FROM ours)""",
    ),
    Invariant(
        "I11 decision",
        "every decision about an order has its audit row",
        """
SELECT o.id, CASE WHEN NOT EXISTS (SELECT FROM audit_row a
        WHERE a.act = d.act AND a.who = e.who AND a.orders @> o.id AND NOT a.is_refused)
    THEN format('no audit row: %%s by %%s', e.cause, e.who) END
FROM ours o JOIN order_event e ON e.order_id = o.id AND e.who <> %(bundle)s
    JOIN (VALUES ('approved', 'order.approve'), ('refused', 'order.refuse'),
        ('cancelled', 'order.cancel'), ('resolved as done', 'order.resolve'),
        ('resolved as failed', 'order.resolve'), ('executed locally', 'order.local'),
        ('failed locally', 'order.local')) AS d (cause, act) ON d.cause = e.cause""",
    ),
)  # fmt: skip

_OURS = """
WITH ours AS MATERIALIZED (SELECT * FROM work_order o
    WHERE (%(company)s::bigint IS NULL OR company_id = %(company)s)
        AND (ended_at IS NULL OR ended_at > clock_timestamp() - %(days)s * interval '1 day'))"""
_WAITING = (
    _OURS
    + """
SELECT id, format('%%s is UNKNOWN since %%s', kind, to_char(changed_at, 'YYYY-MM-DD HH24:MI'))
FROM ours WHERE state = 'unknown' AND silent_reads >= %(reads)s ORDER BY id LIMIT %(shown)s
"""
)


def check(company_id: int | None = None) -> list[Checked]:
    """Every invariant, of one company or of all."""
    return check_all(INVARIANTS, _OURS, _values(company_id))


def broken(company_id: int | None = None) -> list[Checked]:
    """The invariants that do not hold; empty: all is well."""
    return [one for one in check(company_id) if one.broken]


def waiting_for_a_person(company_id: int | None = None) -> list[tuple[int, str]]:
    """The first UNKNOWN orders that no read could tell: nothing is broken, a person must act."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, _values(company_id))
        return list(cursor.fetchall())


def _values(company_id: int | None) -> dict[str, Any]:
    moves = [(source, cause, target) for (source, cause), target in TRANSITIONS.items()]
    sources, causes, targets = (list(column) for column in zip(*moves, strict=True))
    activities = ACTIVITIES.values()
    return {
        **{"company": company_id, "days": DAYS, "shown": SHOWN, "reads": SILENT_READS},
        "bundle": BUNDLE,
        **{"sources": sources, "causes": causes, "targets": targets},
        **{"final": sorted(FINAL), "in_flight": sorted(IN_FLIGHT)},
        "credits": [one.kind for one in activities if one.needs_transaction],
        "guarded": [one.kind for one in activities if one.guarded],
    }
