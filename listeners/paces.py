"""How often one source may speak: so many a second, the rest is counted and left. Pure."""

from collections import defaultdict
from collections.abc import Hashable

KEPT_AT_MOST = 100_000  # names; beyond, all begin anew


class Pace:
    """Counts by second of receipt and name.

    What a transaction counts is only `kept` when it stands: repeated, it counts the same.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: defaultdict[int, dict[Hashable, int]] = defaultdict(dict)
        self._counts: defaultdict[int, dict[Hashable, int]] = defaultdict(dict)

    def begin(self) -> None:
        """Forget what was counted since the last `keep`."""
        self._counts.clear()

    def takes(self, name: Hashable, second: int) -> bool:
        """Whether one more is within the limit."""
        counts = self._counts[second]
        count = counts.get(name) or self._kept[second].get(name, 0)
        counts[name] = count + 1
        return count < self._limit

    def keep(self) -> None:
        """What was counted stands; seconds before the newest two are over."""
        newest = max(self._counts, default=0)
        for second, counts in self._counts.items():
            self._kept[second].update(counts)
        for second in [one for one in self._kept if one < newest - 1]:
            del self._kept[second]
        if sum(map(len, self._kept.values())) > KEPT_AT_MOST:
            self._kept.clear()
