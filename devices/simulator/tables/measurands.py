"""T3: measurands, one row per register and period."""

from collections.abc import Callable, Iterator

from devices.protocol.tables import MEASURANDS
from devices.simulator import measurands
from devices.simulator.entries import Measured, MeterEntry
from devices.simulator.population import Meter
from devices.simulator.tables.journal import Delivery, Journal
from devices.simulator.tables.load_profile import SUMMER_TIME
from devices.simulator.tables.rows import Run, Values
from devices.simulator.tables.view import View

NEVER = 1 << 40


class Measurands(Journal):
    """Registers in the order of their codes and kinds."""

    table = MEASURANDS
    days = 10

    def is_collected(self, entry: MeterEntry) -> bool:
        return bool(entry.measurands)

    def next_time(self, view: View, meter: Meter, after: int) -> int:
        """The next end of any register's period."""
        steps = {each.period * 60 for each in view.entry(meter).measurands}
        return min(((after // step + 1) * step for step in steps), default=NEVER)

    def last_time(self, view: View, meter: Meter, until: int) -> int:
        """The last end of any register's period."""
        steps = {each.period * 60 for each in view.entry(meter).measurands}
        return max((until - until % step for step in steps), default=until)

    def runs(self, view: View, delivery: Delivery) -> Iterator[Run]:
        """One run per register, more where the deviation changes."""
        for each in view.entry(delivery.meter).measurands:
            yield from _of_register(view, delivery, each)


def _of_register(view: View, delivery: Delivery, each: Measured) -> Iterator[Run]:
    meter, step = delivery.meter, each.period * 60
    first = (delivery.after // step + 1) * step
    count = max((delivery.until - first) // step + 1, 0)
    for at, same in view.clock.spans(first, count, step):
        status = SUMMER_TIME if view.clock.is_summer(at) else 0
        before = (delivery.cycle, meter.mac, each.register, each.kind, each.period)
        load = _loader(view.seed, meter.serial, each, at, same)
        yield Run(before, at, step, (status,), same, (0,), load)


def _loader(seed: int, serial: str, each: Measured, first: int, count: int) -> Callable[[], Values]:
    def load() -> Values:
        step = each.period * 60
        return (
            [
                measurands.value(seed, serial, each.register, each.kind, at)
                for at in range(first, first + count * step, step)
            ],
        )

    return load
