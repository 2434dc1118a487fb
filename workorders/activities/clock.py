"""The last step of every visit: what to do about a device's clock and its summer-time table."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from zoneinfo import ZoneInfo

from devices.drivers.base import DstPeriod
from hes.domain.dst import summer_times


class ClockStep(Enum):
    """The decision about one drift."""

    NOTHING = "nothing"
    SET = "set"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class ClockRules:
    """Seconds: smaller drifts are left, larger ones than `limit` need an order (design 7)."""

    tolerance: float
    limit: float

    def step(self, drift: float) -> ClockStep:
        """What to do about a device that is `drift` seconds ahead of us."""
        if abs(drift) < self.tolerance:
            return ClockStep.NOTHING
        return ClockStep.REFUSE if abs(drift) > self.limit else ClockStep.SET


def missing_summer_times(
    known: tuple[DstPeriod, ...],
    zone: ZoneInfo,
    now: int,
    ordered: tuple[DstPeriod, ...] | None = None,
) -> tuple[DstPeriod, ...]:
    """The whole table to write when a pair of this or next year is missing, else nothing.

    What was `ordered` stands in place of the zone's own periods; those after its last one follow.
    """
    year = datetime.fromtimestamp(now, UTC).year
    wanted = tuple(DstPeriod(begin, end) for begin, end in summer_times(zone, year, year + 1))
    if ordered is not None:
        last = ordered[-1].end if ordered else None
        wanted = (*ordered, *(each for each in wanted if last is not None and each.begin > last))
    return () if set(wanted) <= set(known) else wanted
