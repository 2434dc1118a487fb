"""Sites that may be out although too few meters have said so: worth asking a bellwether."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from listeners.outages.facts import Facts, Level, Node, Rules, site_of


def suspects(facts: Facts, rules: Rules, now: datetime) -> list[Node]:
    """Sites without an open outage of which `suspect_share` of the meters are dark, or more.

    What is momentary still raises no suspicion.
    """
    dark: Mapping[Node, set[int]] = defaultdict(set)
    for each in facts.waiting:
        place = site_of(each)
        is_dark = each.ended is None and now - each.began >= rules.momentary
        if place and each.meter is not None and is_dark:
            dark[place].add(each.meter)
    known = {site_of(one) for one in facts.outages if one.node.level is not Level.METER}
    for one in facts.outages:
        place = site_of(one)
        if one.node.level is Level.METER and place:
            dark[place].add(one.node.id)
    return sorted(
        place
        for place, meters in dark.items()
        if place not in known and _is_suspect(len(meters), facts.network.meters, place, rules)
    )


def _is_suspect(dark: int, meters: Mapping[Node, int], place: Node, rules: Rules) -> bool:
    of_all = meters.get(place, 0)
    return of_all > dark and dark * 100 >= of_all * rules.suspect_share
