"""What one association sees of a concentrator: everything as it stood when it was opened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devices.simulator import incidents
from devices.simulator.cycles import Rounds
from devices.simulator.entries import MeterEntry, default_entry
from devices.simulator.holdings import MeterHolding
from devices.simulator.local import LocalClock
from devices.simulator.population import Meter

if TYPE_CHECKING:
    from devices.simulator.tables.rows import Run

Distortion = Callable[["Run"], "list[Run]"]


@dataclass(frozen=True, slots=True)
class View:
    """Inputs of every table. `retention_days` replaces the tables' own retention if given;
    `guests` are meters of other concentrators that this one also lists (a fault); `distort` breaks
    runs of the load profile on purpose. `held` and `released` (by MAC in hexadecimal) are what
    orders have done."""

    serial: str
    meters: tuple[Meter, ...]
    rounds: Rounds
    clock: LocalClock
    now: int
    retention_days: int | None = None
    guests: tuple[Meter, ...] = ()
    distort: Distortion | None = None
    entries: dict[str, MeterEntry] = field(default_factory=dict)
    held: Mapping[str, MeterHolding] = field(default_factory=dict)
    released: frozenset[str] = frozenset()

    @property
    def seed(self) -> int:
        """The seed of every reading."""
        return self.rounds.seed

    def alarm_word(self, meter: Meter, at: int) -> int:
        """The meter's alarm word at an instant."""
        invented = incidents.alarm_word(self.seed, meter.serial, at)
        held = self.held.get(meter.mac.hex())
        return invented if held is None else held.alarm_word(invented, at)

    def entry(self, meter: Meter) -> MeterEntry:
        """What is collected of a meter."""
        return self.entries.get(meter.serial) or default_entry(meter.serial)
