"""From interruptions to the outages that explain them, at the highest level that does.

1. Shorter than `momentary` is no outage. What still lasts waits until it has outlasted that, and a
   return of power within it would have been heard (`return_delay`: messages of it come late).
2. What an open outage reaches joins it.
3. A site (transformer, or a concentrator of which no transformer is known) is out when `share` of
   its meters, at least two, lost power within one `window`, or all its concentrators did.
   Outages below it that began in the window are merged into it.
4. Of a site with several concentrators one may be out alone.
5. A substation is out when at least `transformers` of its sites are, and `substation_share` of
   them, all since one window.
6. What is left is one customer's outage; it waits `details_after` longer, in a storm to its end.

One pass opens at most one outage per node; who applies it asks again until nothing is found.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

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
from listeners.outages.substations import lift
from listeners.outages.verdicts import Item, Joining, Judgement, Opening, begin, opening
from listeners.outages.windows import first_window

LEAST_METERS = 2  # one meter alone never takes its transformer with it


def judge(facts: Facts, rules: Rules, now: datetime) -> Judgement:
    """What follows from the facts of one company; the same facts give the same answer."""
    found = Judgement()
    above = {site: one for one in facts.outages for site in one.sites}
    for place, (waiting, outages) in _by_site(facts, rules, now, found).items():
        if place is None:
            found.openings += _lone(waiting, outages, rules, now)
        else:
            site = _Site(place, waiting, outages, facts.network, rules)
            site.judge(above.get(place), now, found)
    lift(facts, rules, found)
    return found


_Ripe = tuple[list[Interruption], list[OpenOutage]]


def _by_site(
    facts: Facts, rules: Rules, now: datetime, found: Judgement
) -> dict[Node | None, _Ripe]:
    """What is ripe for judgement, and the open outages of its sites; notes what was momentary."""
    sites: dict[Node | None, _Ripe] = defaultdict(lambda: ([], []))
    for each in facts.waiting:
        if each.outlasts(rules.momentary, rules, now):
            sites[site_of(each)][0].append(each)
        elif each.ended is not None:
            found.momentary.append(each.id)
    for outage in facts.outages:
        if outage.node.level is not Level.SUBSTATION and site_of(outage) in sites:
            sites[site_of(outage)][1].append(outage)
    return sites


class _Site:
    """A transformer, or what stands for one, with what is ripe below it."""

    def __init__(
        self,
        node: Node,
        waiting: list[Interruption],
        outages: list[OpenOutage],
        network: Network,
        rules: Rules,
    ) -> None:
        self._node, self._waiting, self._rules = node, waiting, rules
        self._network = network
        self._own = next((one for one in outages if one.node == node), None)
        self._below = [one for one in outages if one.node != node]

    def judge(self, above: OpenOutage | None, now: datetime, found: Judgement) -> None:
        """Join what is open, open what is found, leave the rest for another time.

        `above` is the outage of the substation that holds this site.
        """
        left = self._joined(self._own or above, found)
        items: list[Item] = [*left, *self._below]
        if self._own is None and (cluster := first_window(items, self._rules.window, self._is_out)):
            found.openings.append(opening(self._node, cluster))
            return
        left = self._concentrators_alone(left, found)
        found.openings += _lone(left, self._below, self._rules, now)

    def _joined(self, over_all: OpenOutage | None, found: Judgement) -> list[Interruption]:
        """What no open outage reaches; the rest joins."""
        reaching = [over_all] if over_all else []
        reaching += [one for one in self._below if one.node.level is Level.CONCENTRATOR]
        left, joins = [], defaultdict(list)
        for each in self._waiting:
            outage = next((one for one in reaching if self._reaches(one, each)), None)
            if outage:
                joins[outage.id].append(each.id)
            else:
                left.append(each)
        found.joinings += [Joining(outage, tuple(ids)) for outage, ids in joins.items()]
        return left

    def _reaches(self, outage: OpenOutage, each: Interruption) -> bool:
        is_alone = outage.node.level is Level.CONCENTRATOR and outage.node != self._node
        if is_alone and outage.concentrator != each.concentrator:
            return False
        return each.meter is None or each.began >= outage.since - self._rules.window

    def _is_out(self, meters: int, concentrators: int) -> bool:
        of_all = self._network.concentrators.get(self._node, 0)
        if of_all and concentrators >= of_all:
            return True
        share = self._network.meters.get(self._node, 0) * self._rules.share
        return meters * 100 >= max(LEAST_METERS * 100, share)

    def _concentrators_alone(
        self, left: list[Interruption], found: Judgement
    ) -> list[Interruption]:
        """Open an outage of each concentrator that is out; what no such outage explains."""
        alone = {each.concentrator: each for each in reversed(left) if each.meter is None}
        for own in alone.values():
            near = [each for each in left if self._is_with(each, own)]
            merged = [one for one in self._below if self._is_with(one, own)]
            node = Node(Level.CONCENTRATOR, own.concentrator or 0)
            found.openings.append(opening(node, [*near, *merged]))
        return [each for each in left if each.concentrator not in alone]

    def _is_with(self, item: Item, own: Interruption) -> bool:
        is_near = abs(begin(item) - own.began) <= self._rules.window
        return item.concentrator == own.concentrator and is_near


def _lone(
    left: Iterable[Interruption], outages: Iterable[OpenOutage], rules: Rules, now: datetime
) -> Iterator[Opening]:
    """One customer each, once it has waited long enough for a larger outage to explain it."""
    if rules.is_storm:
        return
    seen = {one.node for one in outages}
    for each in left:
        node = Node(Level.METER, each.meter or 0)
        if each.meter is None or node in seen or now - each.began < _patience(rules):
            continue
        seen.add(node)
        yield opening(node, [each])


def _patience(rules: Rules) -> timedelta:
    return rules.momentary + rules.return_delay + rules.details_after
