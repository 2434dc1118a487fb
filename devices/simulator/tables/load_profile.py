"""T2: energies of each recording interval, in Wh and varh."""

from collections.abc import Callable, Iterator

from devices.protocol.tables import LOAD_PROFILE
from devices.simulator import readings
from devices.simulator.entries import MeterEntry
from devices.simulator.population import Meter
from devices.simulator.tables.journal import Delivery, Journal
from devices.simulator.tables.rows import Run, Values
from devices.simulator.tables.view import View

SUMMER_TIME = 0x08  # bit 3 of the status (companion profile 3.3)


class LoadProfile(Journal):
    """The stamp is the end of the interval."""

    table = LOAD_PROFILE
    days = 10
    distortable = True

    def is_collected(self, entry: MeterEntry) -> bool:
        return bool(entry.profile)

    def next_time(self, view: View, meter: Meter, after: int) -> int:
        """The next end of an interval."""
        step = view.entry(meter).period * 60
        return (after // step + 1) * step

    def last_time(self, view: View, meter: Meter, until: int) -> int:
        """The last end of an interval."""
        return until - until % (view.entry(meter).period * 60)

    def runs(self, view: View, delivery: Delivery) -> Iterator[Run]:
        """One run, two where the deviation changes."""
        meter, entry = delivery.meter, view.entry(delivery.meter)
        step = entry.period * 60
        first = self.next_time(view, meter, delivery.after)
        count = (delivery.until - first) // step + 1
        for at, same in view.clock.spans(first, max(count, 0), step):
            status = SUMMER_TIME if view.clock.is_summer(at) else 0
            load = _loader(view.seed, meter.serial, entry.profile, at, same, entry.period)
            before = (delivery.cycle, meter.mac, entry.period)
            yield Run(before, at, step, (status,), same, entry.profile, load)


def _loader(
    seed: int, serial: str, channels: tuple[int, ...], first: int, count: int, period: int
) -> Callable[[], Values]:
    def load() -> Values:
        return tuple(
            readings.profile(seed, serial, channel, first, count, period) for channel in channels
        )

    return load
