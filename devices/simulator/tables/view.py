"""What one association sees of a concentrator: everything as it stood when it was opened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devices.simulator import incidents
from devices.simulator.cycles import Rounds
from devices.simulator.entries import MeterEntry, default_entry
from devices.simulator.holdings import MeterHolding
from devices.simulator.local import LocalClock
from devices.simulator.membership import COMMISSIONED, Standing
from devices.simulator.population import Meter

if TYPE_CHECKING:
    from devices.simulator.tables.rows import Run

Distortion = Callable[["Run"], "list[Run]"]


@dataclass(frozen=True, slots=True)
class View:
    """Inputs of every table. `seen` are all meters on the power line; `retention_days` replaces
    the tables' own retention if given; `guests` are meters of other concentrators that this one
    also lists (a fault); `distort` breaks runs of the load profile on purpose. `held` (by MAC in
    hexadecimal) and `standings` are what orders have done."""

    serial: str
    seen: tuple[Meter, ...]
    rounds: Rounds
    clock: LocalClock
    now: int
    retention_days: int | None = None
    guests: tuple[Meter, ...] = ()
    distort: Distortion | None = None
    entries: dict[str, MeterEntry] = field(default_factory=dict)
    held: Mapping[str, MeterHolding] = field(default_factory=dict)
    standings: Mapping[Meter, Standing] = field(default_factory=dict)
    meters: tuple[Meter, ...] = field(init=False)  # those that cycles ask

    def __post_init__(self) -> None:
        served = self.seen
        if self.standings:
            served = tuple(meter for meter in self.seen if self.standing(meter).is_served)
        object.__setattr__(self, "meters", served)

    @property
    def seed(self) -> int:
        """The seed of every reading."""
        return self.rounds.seed

    def alarm_word(self, meter: Meter, at: int) -> int:
        """The meter's alarm word at an instant."""
        invented = incidents.alarm_word(self.seed, meter.serial, at)
        held = self.held.get(meter.mac.hex())
        return invented if held is None else held.alarm_word(invented, at)

    def standing(self, meter: Meter) -> Standing:
        """How a meter stands here; those that no order touched were always served."""
        return self.standings.get(meter) or Standing(COMMISSIONED, meter.row, meter.phase)

    def entry(self, meter: Meter) -> MeterEntry:
        """What is collected of a meter."""
        return self.entries.get(meter.serial) or default_entry(meter.serial)
