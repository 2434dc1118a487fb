"""Reads what the rules of one company look at: a handful of statements, whatever the storm."""

from collections.abc import Iterable
from datetime import timedelta
from operator import attrgetter

from django.db.backends.utils import CursorWrapper

from devices.parameters import parameters_of
from hes.lib.arrays import numbers
from listeners.outages.facts import (
    Facts,
    Interruption,
    Level,
    Network,
    Node,
    OpenOutage,
    Rules,
    site_of,
)

_WAITING = """
SELECT id, meter_id, concentrator_id, transformer_id, substation_id, began_at, ended_at
FROM interruption WHERE company_id = %s AND outage_id IS NULL AND NOT is_momentary
"""
_OUTAGES = """
SELECT o.id, o.level, o.node_id, o.transformer_id, o.concentrator_id, o.substation_id, o.since,
    o.meters_out, o.concentrators_out
FROM outage o WHERE o.company_id = %s AND o.state = 'open' AND (
    o.substation_id = ANY(%s::bigint[]) OR o.transformer_id = ANY(%s::bigint[])
    OR o.concentrator_id = ANY(%s::bigint[])
    OR (o.level = 'meter' AND o.node_id = ANY(%s::bigint[])))
"""
# Transformers are counted up, concentrators of which no transformer is known down.
_REACHED = """
SELECT DISTINCT outage_id, coalesce(transformer_id, -concentrator_id) FROM interruption
WHERE outage_id = ANY(%s) AND ended_at IS NULL
    AND coalesce(transformer_id, concentrator_id) IS NOT NULL
"""
_SITES = """
SELECT {site}, count(DISTINCT c.id), count(m.id)
FROM concentrator c
    LEFT JOIN association a ON a.concentrator_id = c.id AND (a.validity @> now()) IS TRUE
    LEFT JOIN meter m ON m.id = a.meter_id AND m.state IN ('installed', 'commissioned')
WHERE {site} = ANY(%s::bigint[]) AND c.state <> 'removed' GROUP BY {site}
"""
_OF_SUBSTATIONS = """
SELECT coalesce(t.substation_id, c.substation_id) AS substation,
    count(DISTINCT coalesce(c.transformer_id, -c.id))
FROM concentrator c LEFT JOIN transformer t ON t.id = c.transformer_id
WHERE coalesce(t.substation_id, c.substation_id) = ANY(%(ids)s::bigint[])
    AND (c.substation_id = ANY(%(ids)s::bigint[]) OR t.substation_id = ANY(%(ids)s::bigint[]))
    AND c.state <> 'removed'
GROUP BY 1
"""


def rules_of(company_id: int, is_storm: bool) -> Rules:
    """The settings of a company as the rules know them; one query."""
    number = parameters_of(company_id).number
    return Rules(
        momentary=timedelta(seconds=number("outage_momentary")),
        return_delay=timedelta(seconds=number("outage_return_delay")),
        window=timedelta(seconds=number("outage_window")),
        share=number("outage_share"),
        close_share=min(number("outage_close_share"), number("outage_share") - 1),
        suspect_share=number("outage_suspect_share"),
        transformers=number("outage_transformers"),
        substation_share=number("outage_substation_share"),
        details_after=timedelta(seconds=number("outage_details_after")),
        is_storm=is_storm,
    )


def facts_of(cursor: CursorWrapper, company_id: int) -> Facts:
    """What waits for an outage, and what is around it."""
    cursor.execute(_WAITING, [company_id])
    waiting = [Interruption(*row) for row in cursor.fetchall()]
    if not waiting:
        return Facts((), (), Network({}, {}, {}))
    names = ("substation", "transformer", "concentrator", "meter")
    around = [_distinct(map(attrgetter(name), waiting)) for name in names]
    cursor.execute(_OUTAGES, [company_id, *around])
    outages = [
        OpenOutage(pk, Node(Level(level), node), *facts)
        for pk, level, node, *facts in cursor.fetchall()
    ]
    network = _network(cursor, {site_of(each) for each in waiting}, around[0])
    return Facts(waiting, _with_sites(cursor, outages), network)


def _with_sites(cursor: CursorWrapper, outages: Iterable[OpenOutage]) -> list[OpenOutage]:
    """Those of substations with the sites they reach."""
    wide = [one.id for one in outages if one.node.level is Level.SUBSTATION]
    sites: dict[int, set[Node]] = {pk: set() for pk in wide}
    if wide:
        cursor.execute(_REACHED, [wide])
        for pk, number in cursor.fetchall():
            sites[pk].add(_site(number))
    return [one._replace(sites=frozenset(sites.get(one.id, ()))) for one in outages]


def _site(number: int) -> Node:
    return Node(Level.TRANSFORMER, number) if number > 0 else Node(Level.CONCENTRATOR, -number)


def _network(cursor: CursorWrapper, sites: Iterable[Node | None], substations: str) -> Network:
    meters: dict[Node, int] = {}
    concentrators: dict[Node, int] = {}
    for level, column in ((Level.TRANSFORMER, "transformer_id"), (Level.CONCENTRATOR, "id")):
        ids = _distinct(site.id for site in sites if site and site.level is level)
        cursor.execute(_SITES.format(site=f"c.{column}"), [ids])
        for pk, *counts in cursor.fetchall():
            concentrators[Node(level, pk)], meters[Node(level, pk)] = counts
    cursor.execute(_OF_SUBSTATIONS, {"ids": substations})
    return Network(meters, concentrators, dict(cursor.fetchall()))


def _distinct(ids: Iterable[int | None]) -> str:
    """As an array: a list of 100,000 would be adapted number by number."""
    return numbers(sorted(pk for pk in set(ids) if pk is not None))
