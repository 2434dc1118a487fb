"""Keeps what the rules decided: outages opened, reaching further, merged into larger ones."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from hes.lib.arrays import numbers, words
from listeners.outages.facts import Node
from listeners.outages.verdicts import Judgement, Opening

_OPEN = """
INSERT INTO outage (company_id, level, node_id, name, transformer_id, concentrator_id,
    substation_id, state, since, opened_at, restored_by, meters, meters_out, concentrators_out,
    customers, customers_out)
SELECT %s, g.level, g.node, coalesce(s.name, t.code, nullif(c.name, ''), c.serial_number,
        m.serial_number, ''), g.transformer, g.concentrator, g.substation, 'open',
    to_timestamp(g.since), %s, '', 0, 0, 0, 0, 0
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::float8[])
    AS g (level, node, transformer, concentrator, substation, since)
    LEFT JOIN substation s ON g.level = 'substation' AND s.id = g.node
    LEFT JOIN transformer t ON g.level = 'transformer' AND t.id = g.node
    LEFT JOIN concentrator c ON g.level = 'concentrator' AND c.id = g.node
    LEFT JOIN meter m ON g.level = 'meter' AND m.id = g.node
RETURNING level, node_id, id
"""
_ASSIGN = """
UPDATE interruption i SET outage_id = given.outage
FROM unnest(%s::bigint[], %s::bigint[]) AS given (id, outage) WHERE i.id = given.id
"""
_MOMENTARY = "UPDATE interruption SET is_momentary = true WHERE id = ANY(%s::bigint[])"
_MERGED = """
UPDATE outage o SET state = 'merged', parent_id = given.parent, closed_at = %s,
    meters_out = 0, concentrators_out = 0, customers_out = 0
FROM unnest(%s::bigint[], %s::bigint[]) AS given (id, parent) WHERE o.id = given.id
"""
_MOVED = """
UPDATE interruption i SET outage_id = given.parent
FROM unnest(%s::bigint[], %s::bigint[]) AS given (id, parent) WHERE i.outage_id = given.id
"""
_NESTED = """
UPDATE outage o SET nested_in_id = i.nested_in_id FROM interruption i
WHERE o.id = ANY(%s) AND i.outage_id = o.id AND o.level = 'meter' AND i.nested_in_id IS NOT NULL
"""


class Applied(NamedTuple):
    """Outages by what became of them."""

    opened: list[int]
    grown: list[int]
    merged: list[int]


def apply(cursor: CursorWrapper, company_id: int, judgement: Judgement, now: datetime) -> Applied:
    """Write it; counts, timeline and lines are others' matter."""
    if judgement.momentary:
        cursor.execute(_MOMENTARY, [numbers(judgement.momentary)])
    ids = _open(cursor, company_id, judgement.openings, now)
    pairs = [(ids[one.node], one.members, one.merges) for one in judgement.openings]
    pairs += [(one.outage, one.members, one.merges) for one in judgement.joinings]
    _assign(cursor, [(member, outage) for outage, members, _ in pairs for member in members])
    merges = [(merged, outage) for outage, _, merged_ones in pairs for merged in merged_ones]
    _merge(cursor, merges, now)
    opened = sorted(ids.values())
    if opened:
        cursor.execute(_NESTED, [opened])
    grown = sorted({one.outage for one in judgement.joinings})
    return Applied(opened, grown, sorted({merged for merged, _ in merges}))


def _open(
    cursor: CursorWrapper, company_id: int, openings: Sequence[Opening], now: datetime
) -> dict[Node, int]:
    if not openings:
        return {}
    columns = [
        words(one.node.level for one in openings),
        numbers(one.node.id for one in openings),
        numbers(one.transformer for one in openings),
        numbers(one.concentrator for one in openings),
        numbers(one.substation for one in openings),
        numbers(one.since.timestamp() for one in openings),
    ]
    cursor.execute(_OPEN, [company_id, now, *columns])
    return {Node(level, node): pk for level, node, pk in cursor.fetchall()}


def _assign(cursor: CursorWrapper, pairs: Sequence[tuple[int, int]]) -> None:
    """In the order of the table, which is much faster."""
    if pairs:
        cursor.execute(_ASSIGN, _columns(sorted(pairs)))


def _merge(cursor: CursorWrapper, pairs: Sequence[tuple[int, int]], now: datetime) -> None:
    if pairs:
        cursor.execute(_MOVED, _columns(pairs))
        cursor.execute(_MERGED, [now, *_columns(pairs)])


def _columns(pairs: Iterable[tuple[int, int]]) -> list[str]:
    return [numbers(column) for column in zip(*pairs, strict=True)]
