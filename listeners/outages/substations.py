"""Outages of several sites of one substation are one outage of the substation."""

from collections import defaultdict
from collections.abc import Sequence

from listeners.outages.facts import Facts, Level, Node, OpenOutage, Rules
from listeners.outages.verdicts import Joining, Judgement, Opening

_Part = Opening | OpenOutage


def lift(facts: Facts, rules: Rules, found: Judgement) -> None:
    """Put outages of sites into that of their substation, or open it where enough are out.

    What was to be opened goes into the larger one at once, and is never told by itself.
    """
    own = {one.node.id: one for one in facts.outages if one.node.level is Level.SUBSTATION}
    taken: set[Node] = set()
    for substation, sites in sorted(_standing(facts, found).items()):
        if outage := own.get(substation):
            parts = [one for one in sites if one.since >= outage.since - rules.window]
            if parts:
                found.joinings.append(Joining(outage.id, *_united(parts)))
        else:
            parts = _lifted(sites, facts.network.sites.get(substation, 0), rules)
            if parts:
                found.openings.append(_opening(substation, parts))
        taken |= {one.node for one in parts if isinstance(one, Opening)}
    found.openings = [one for one in found.openings if one.node not in taken]


def _standing(facts: Facts, found: Judgement) -> dict[int, list[_Part]]:
    """Sites that are out, by substation."""
    standing: dict[int, list[_Part]] = defaultdict(list)
    parts: list[_Part] = [*facts.outages, *found.openings]
    for one in parts:
        if one.substation is not None and _is_of_site(one):
            standing[one.substation].append(one)
    return standing


def _is_of_site(one: _Part) -> bool:
    is_alone = one.node.level is Level.CONCENTRATOR and one.transformer is None
    return one.node.level is Level.TRANSFORMER or is_alone


def _lifted(sites: Sequence[_Part], of: int, rules: Rules) -> list[_Part]:
    """Those of the first window that holds enough of the substation's sites."""
    for first in sorted(sites, key=lambda one: one.since):
        within = [one for one in sites if first.since <= one.since <= first.since + rules.window]
        nodes = len({one.node for one in within})
        if nodes >= rules.transformers and nodes * 100 >= of * rules.substation_share:
            return within
    return []


def _opening(substation: int, parts: Sequence[_Part]) -> Opening:
    node, since = Node(Level.SUBSTATION, substation), min(one.since for one in parts)
    return Opening(node, since, None, None, substation, *_united(parts))


def _united(parts: Sequence[_Part]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Members and merges of the larger outage."""
    new = [one for one in parts if isinstance(one, Opening)]
    known = [one.id for one in parts if isinstance(one, OpenOutage)]
    members = tuple(member for one in new for member in one.members)
    return members, (*known, *(merged for one in new for merged in one.merges))
