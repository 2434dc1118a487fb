"""The power line between a concentrator and its meters: slow, shared, sometimes silent.

An exchange takes 0.3 to 3 s: a direct meter 0.3 to 0.9 s, and each repeater adds as much again (all
*assumed*, companion profile 5 and 7). `factor` scales it; 0 answers at once.
"""

from dataclasses import dataclass

from devices.simulator import chance
from devices.simulator.population import Meter

NEAREST, SWING, SLOWEST = 0.3, 0.6, 3.0
GIVE_UP = 25.0
AGENT, REPEATERS = 21, (40, 41, 42)  # TB_ACK codes (002; 41 by their pattern)


def level(seed: int, meter: Meter) -> int:
    """How many repeaters stand before a meter: 0 to 3, most have none."""
    return (0, 0, 0, 0, 1, 1, 2, 3)[chance.whole(seed, "level", meter.serial, below=8)]


@dataclass(frozen=True, slots=True)
class PowerLine:
    """The timing of one field."""

    seed: int
    factor: float = 0.0

    def delay(self, meter: Meter, number: int) -> float:
        """Seconds that exchange `number` with a meter takes."""
        hops = 1 + level(self.seed, meter)
        swing = chance.fraction(self.seed, "line", meter.serial, number)
        return min(hops * (NEAREST + SWING * swing), SLOWEST) * self.factor

    @property
    def give_up(self) -> float:
        """Seconds after which a concentrator stops waiting for a meter."""
        return GIVE_UP * self.factor

    def failure(self, meter: Meter | None) -> int:
        """Why a meter is not reached: the node itself, or the repeater before it."""
        hops = level(self.seed, meter) if meter else 0
        return REPEATERS[hops - 1] if hops else AGENT
