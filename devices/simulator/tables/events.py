"""T7: alarm words of each cycle, entries of the meters' event logs, ended interruptions."""

from collections.abc import Iterator

from devices.protocol.tables import EVENTS
from devices.simulator import entries, incidents
from devices.simulator.entries import MeterEntry
from devices.simulator.population import Meter
from devices.simulator.tables.journal import Delivery, Journal
from devices.simulator.tables.rows import Run, Values
from devices.simulator.tables.view import View

ALARM_WORD, EVENT_LOG, INTERRUPTION = 1, 2, 3
Row = tuple[int, int, int, int]  # clock, source, code, word


class Events(Journal):
    """Every answered cycle brings at least the alarm word, read at its end."""

    table = EVENTS
    days = 10

    def is_collected(self, entry: MeterEntry) -> bool:
        return bool(entry.flags & entries.EVENTS)

    def next_time(self, view: View, meter: Meter, after: int) -> int:
        """The end of the next cycle."""
        return view.rounds.end(7, view.rounds.first_for(7, after + 1))

    def last_time(self, view: View, meter: Meter, until: int) -> int:
        """The end of the last cycle."""
        return view.rounds.end(7, view.rounds.finished(7, until))

    def runs(self, view: View, delivery: Delivery) -> Iterator[Run]:
        """One run: everything in the order of its clock."""
        rows = sorted(_rows(view, delivery))

        def load() -> Values:
            clocks, *others = zip(*rows, strict=True)
            return ([view.clock.stamp(at) for at in clocks], *others)

        if rows:
            before = (delivery.cycle, delivery.meter.mac)
            yield Run(before, None, 0, (), len(rows), (0, 1, 2, 3), load)


def _rows(view: View, delivery: Delivery) -> Iterator[Row]:
    serial = delivery.meter.serial
    window = view.seed, serial, delivery.after, delivery.until
    for entry in incidents.log_entries(*window):
        yield entry.at, EVENT_LOG, entry.code, entry.data
    for each in incidents.interruptions(*window):
        yield each.end, INTERRUPTION, each.phase, each.duration
    read = view.rounds.end(7, delivery.cycle)
    if delivery.after < read <= delivery.until:
        yield read, ALARM_WORD, 0, view.alarm_word(delivery.meter, read)
