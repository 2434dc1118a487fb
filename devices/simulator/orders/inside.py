"""What the objects of orders share: the meter's holdings, its place and its time."""

from collections.abc import Callable
from dataclasses import dataclass

from devices.protocol import expect
from devices.protocol.axdr import Data
from devices.protocol.errors import DataAccess
from devices.simulator.holdings import MeterHolding
from devices.simulator.local import LocalClock
from devices.simulator.population import Meter


@dataclass(frozen=True, slots=True)
class Inside:
    """`now` is the true time; the meter's own clock is ahead of it by its drift."""

    meter: Meter
    holding: MeterHolding
    local: LocalClock
    now: Callable[[], float]

    @property
    def clock(self) -> int:
        """What the meter takes for the time, UTC epoch seconds."""
        return int(self.now() + self.holding.drift)

    def integer(self, name: str) -> Callable[[Data], DataAccess]:
        """Keeps a written integer in the holding's field `name`."""

        def write(value: Data) -> DataAccess:
            setattr(self.holding, name, expect.integer(value, name))
            return DataAccess.SUCCESS

        return write
