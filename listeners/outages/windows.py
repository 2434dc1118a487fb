"""The first span of time in which enough of a site lost its power."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta

from listeners.outages.facts import OpenOutage
from listeners.outages.verdicts import Item, begin

IsOut = Callable[[int, int], bool]  # of so many meters and concentrators


class _Count:
    """Meters and concentrators of a window that slides over time; a meter counts once."""

    def __init__(self) -> None:
        self._known: Counter[int] = Counter()
        self._others = self.concentrators = 0

    @property
    def meters(self) -> int:
        return len(self._known) + self._others

    def add(self, item: Item, sign: int) -> None:
        """Take an item in (1) or out (-1)."""
        if isinstance(item, OpenOutage):
            self._others += sign * item.meters
            self.concentrators += sign * item.concentrators
        elif item.meter is None:
            self.concentrators += sign
        else:
            self._known[item.meter] += sign
            if not self._known[item.meter]:
                del self._known[item.meter]


def first_window(items: Iterable[Item], length: timedelta, is_out: IsOut) -> list[Item]:
    """All of the first window, in the order of time, that is out; empty if none is."""
    ordered, count, left = sorted(items, key=begin), _Count(), 0
    for item in ordered:
        count.add(item, 1)
        while begin(item) - begin(ordered[left]) > length:
            count.add(ordered[left], -1)
            left += 1
        if is_out(count.meters, count.concentrators):
            end = begin(ordered[left]) + length
            return [each for each in ordered[left:] if begin(each) <= end]
    return []
