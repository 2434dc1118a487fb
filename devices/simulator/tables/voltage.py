"""T5 and T6: voltage variation per week, interruption counters per phase and month."""

from collections.abc import Iterator

from devices.protocol.tables import VOLTAGE_INTERRUPTION, VOLTAGE_VARIATION
from devices.simulator import incidents, nameplate
from devices.simulator.entries import INTERRUPTION, VARIATION, MeterEntry
from devices.simulator.population import Meter
from devices.simulator.tables.journal import Delivery, Journal, Newest
from devices.simulator.tables.rows import Run, Values
from devices.simulator.tables.view import View

THVI, TSI, TLI = 50, 180, 600  # threshold %, shortest and longest s (assumed)
MONTH = 30 * 86_400
CURRENT, PREVIOUS = 0, 1


class VoltageVariation(Journal):
    """Weeks end at Monday 00:00 local time."""

    table = VOLTAGE_VARIATION
    days = 56

    def is_collected(self, entry: MeterEntry) -> bool:
        return bool(entry.flags & VARIATION)

    def next_time(self, view: View, meter: Meter, after: int) -> int:
        """The next end of a week."""
        return view.clock.week_end_after(after)

    def last_time(self, view: View, meter: Meter, until: int) -> int:
        """The last end of a week."""
        return view.clock.week_end_until(until)

    def runs(self, view: View, delivery: Delivery) -> Iterator[Run]:
        """One run per week."""
        at = view.clock.week_end_after(delivery.after)
        while at <= delivery.until:
            yield _week(view, delivery, at)
            at = view.clock.week_end_after(at)


def _week(view: View, delivery: Delivery, at: int) -> Run:
    meter = delivery.meter

    def load() -> Values:
        week = incidents.voltage_week(view.seed, meter.serial, at)
        return ((week.minimum,), (week.maximum,), (week.samples_ko,), (week.samples_ok,))

    return Run((delivery.cycle, meter.mac), at, 0, (), 1, (0, 1, 2, 3), load)


class InterruptionCounters(Newest):
    """A row per phase and period: this month's counters and the previous month's."""

    table = VOLTAGE_INTERRUPTION

    def is_collected(self, entry: MeterEntry) -> bool:
        return bool(entry.flags & INTERRUPTION)

    def runs(self, view: View, delivery: Delivery) -> Iterator[Run]:
        """Two rows of a mono meter, six of a poly one."""
        serial, month = delivery.meter.serial, delivery.until // MONTH
        phases = (1, 2, 3) if nameplate.is_poly(serial) else (1,)

        def load() -> Values:
            rows = []
            for phase in phases:
                for which in (CURRENT, PREVIOUS):
                    of = incidents.interruption_totals(view.seed, serial, phase, month - which)
                    rows.append((phase, which, of.nshv, of.nav, of.nlov, of.tshv))
            return tuple(zip(*rows, strict=True))

        before = (delivery.cycle, delivery.meter.mac)
        count, after = 2 * len(phases), (THVI, TSI, TLI)
        yield Run(before, delivery.until, 0, after, count, tuple(range(6)), load)
