"""T1: registers at each local day change, one row per energy."""

from collections.abc import Callable, Iterator

from devices.protocol.tables import DAILY_CLOSURE
from devices.simulator import readings
from devices.simulator.entries import MeterEntry
from devices.simulator.population import Meter
from devices.simulator.tables.journal import Delivery, Journal
from devices.simulator.tables.rows import Run, Values
from devices.simulator.tables.view import View
from hes.domain.energies import ENERGIES


class Closures(Journal):
    """A closure is taken at the instant at which the local date changes."""

    table = DAILY_CLOSURE
    days = 40

    def is_collected(self, entry: MeterEntry) -> bool:
        return bool(entry.closure)

    def next_time(self, view: View, meter: Meter, after: int) -> int:
        """The next local midnight."""
        return view.clock.midnight_after(after)

    def last_time(self, view: View, meter: Meter, until: int) -> int:
        """The last local midnight."""
        return view.clock.midnight_until(until)

    def runs(self, view: View, delivery: Delivery) -> Iterator[Run]:
        """One run per day: the energies of the meter's entry."""
        meter = delivery.meter
        channels = view.entry(meter).closure
        at = view.clock.midnight_after(delivery.after)
        while at <= delivery.until:
            yield Run(
                (delivery.cycle, meter.mac), at, 0, (), len(channels), tuple(range(8)),
                _loader(view.seed, meter.serial, channels, at),
            )  # fmt: skip
            at = view.clock.midnight_after(at)


def _loader(seed: int, serial: str, channels: tuple[int, ...], at: int) -> Callable[[], Values]:
    def load() -> Values:
        rows = []
        for channel in channels:
            tariffs = readings.registers(seed, serial, channel, at)
            rows.append((ENERGIES[channel].code, sum(tariffs), *tariffs))
        return tuple(zip(*rows, strict=True))

    return load
