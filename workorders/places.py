"""The visits of an engine that are under way, and for how many more there is a place.

Beyond the places for all, some are kept for orders: a full engine still takes what somebody waits
for. A visit on such a place leaves collections to others, so it is soon free again.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from workorders.visits import Assignment

KEPT = 32  # assumed: orders are short, and come one by one or in a file


@dataclass(frozen=True, slots=True)
class Free:
    """For how many lanes there is a place now; `orders_only`: they are the kept ones."""

    count: int
    orders_only: bool


@dataclass(frozen=True, slots=True)
class _UnderWay:
    assignment: Assignment
    task: asyncio.Task[None]


class Places:
    """`common` places for all visits and `kept` ones for orders, by lane."""

    def __init__(self, common: int, kept: int) -> None:
        self._common, self._kept = common, kept
        self._visits: dict[int, _UnderWay] = {}

    def __len__(self) -> int:
        return len(self._visits)

    @property
    def is_full(self) -> bool:
        """Whether all common places are taken."""
        return len(self) >= self._common

    @property
    def lanes(self) -> list[int]:
        """Those that are visited."""
        return list(self._visits)

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """The visits themselves."""
        return [visit.task for visit in self._visits.values()]

    def free(self, at_most: int) -> Free:
        """Common places first; who they were taken by does not matter."""
        common = max(self._common - len(self), 0)
        kept = max(self._common + self._kept - len(self), 0)
        return Free(min(common or kept, at_most), orders_only=not common)

    def take(self, assignment: Assignment, task: asyncio.Task[None]) -> None:
        """A visit begins."""
        self._visits[assignment.claim.concentrator] = _UnderWay(assignment, task)

    def leave(self, assignment: Assignment) -> None:
        """A visit ended; the lane may have been claimed again already, by the next one."""
        lane = assignment.claim.concentrator
        if lane in self._visits and self._visits[lane].assignment is assignment:
            del self._visits[lane]

    def call(self, lanes: Iterable[int]) -> None:
        """Orders wait on these lanes: their visits hurry, and take them between two requests."""
        for lane in lanes:
            if lane in self._visits:
                self._visits[lane].assignment.is_called = True

    def cancel(self) -> None:
        """Ask all visits to end."""
        for task in self.tasks:
            task.cancel()
