"""When an outage is over."""

from typing import NamedTuple

from listeners.outages.facts import Level, Rules


class Tally(NamedTuple):
    """The interruptions of an outage: all meters, those still dark, concentrators still dark."""

    level: Level
    meters: int
    meters_dark: int
    concentrators_dark: int


def is_over(tally: Tally, rules: Rules) -> bool:
    """Nobody is without power any more; of a node: fewer than `close_share` of its meters.

    Who is left then has an outage of his own, since he lost power. While a concentrator that went
    dark stays dark, the outage goes on.
    """
    if tally.meters_dark + tally.concentrators_dark == 0:
        return True
    if tally.level is Level.METER or tally.concentrators_dark:
        return False
    return tally.meters_dark * 100 < tally.meters * rules.close_share
