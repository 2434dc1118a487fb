"""The collection rounds of a concentrator (companion profile 3.2), pure and without memory.

Cycle c of a table ends at `EPOCH + c * length`: its number is how many whole periods have passed
since 2020-01-01 00:00 UTC. Whether a meter answers in a cycle is drawn from (seed, serial, table,
c). A row is delivered in the first answered cycle that ends at or after its time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from devices.simulator import chance

EPOCH = 1_577_836_800  # 2020-01-01 00:00 UTC
HOURS = {1: 6, 2: 6, 3: 8, 4: 24, 5: 24, 6: 24, 7: 3}
MOST_SILENT = 400  # cycles looked back for the last answer


@dataclass(frozen=True, slots=True)
class Rounds:
    """How a field collects: `scale` divides the lengths, `answer_share` of the meters answer in a
    cycle; `silent_share` of them and the serials of `silent` never do. `since`: serial -> when the
    concentrator began to serve a meter (UTC epoch seconds); the others it has always served."""

    seed: int
    scale: int = 1
    answer_share: float = 0.97
    silent_share: float = 0.0
    silent: frozenset[str] = frozenset()
    since: Mapping[str, int] = field(default_factory=dict)

    def length(self, table: int) -> int:
        """Seconds of a cycle."""
        return max(1, HOURS[table] * 3600 // self.scale)

    def end(self, table: int, cycle: int) -> int:
        """When a cycle ends."""
        return EPOCH + cycle * self.length(table)

    def finished(self, table: int, now: float) -> int:
        """The last finished cycle."""
        return (int(now) - EPOCH) // self.length(table)

    def first_for(self, table: int, at: int) -> int:
        """The first cycle that ends at or after an instant."""
        return -((EPOCH - at) // self.length(table))

    def is_silent(self, serial: str) -> bool:
        """True for a meter that never answers anybody."""
        if serial in self.silent:
            return True
        share = self.silent_share
        return share > 0 and chance.fraction(self.seed, "silent", serial) < share

    def answers(self, serial: str, table: int, cycle: int) -> bool:
        """Whether a meter answers in a cycle of a table."""
        if self.is_silent(serial) or self.end(table, cycle) <= self.since.get(serial, 0):
            return False
        return chance.fraction(self.seed, "answer", serial, table, cycle) < self.answer_share

    def answered_before(self, serial: str, table: int, cycle: int) -> int:
        """The last answered cycle before `cycle`; gives up MOST_SILENT cycles earlier."""
        for earlier in range(cycle - 1, cycle - MOST_SILENT, -1):
            if self.answers(serial, table, earlier):
                return earlier
        return cycle - MOST_SILENT

    def answered_from(self, serial: str, table: int, cycle: int, last: int) -> int | None:
        """The first answered cycle of [cycle, last], None without one."""
        return next(
            (later for later in range(cycle, last + 1) if self.answers(serial, table, later)), None
        )
