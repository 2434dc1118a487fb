"""How often one source may speak: so many a second, the rest is counted and left. Pure."""

from collections.abc import Hashable

KEPT_AT_MOST = 100_000  # names; beyond, all begin anew


class Pace:
    """Counts by name and second of receipt.

    What a transaction counts is only `kept` when it stands: repeated, it counts the same.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: dict[tuple[Hashable, int], int] = {}
        self._counts: dict[tuple[Hashable, int], int] = {}

    def begin(self) -> None:
        """Forget what was counted since the last `keep`."""
        self._counts = {}

    def takes(self, name: Hashable, second: int) -> bool:
        """Whether one more is within the limit."""
        key = (name, second)
        count = self._counts.get(key) or self._kept.get(key, 0)
        self._counts[key] = count + 1
        return count < self._limit

    def keep(self) -> None:
        """What was counted stands; seconds before the newest two are over."""
        newest = max((second for _, second in self._counts), default=0)
        self._kept = {
            key: count
            for counts in (self._kept, self._counts)
            for key, count in counts.items()
            if key[1] >= newest - 1
        }
        if len(self._kept) > KEPT_AT_MOST:
            self._kept = {}
