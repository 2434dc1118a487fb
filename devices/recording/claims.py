"""Claims: lines that leave only as far as the slot ledger says that their slots are fresh."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from devices.events import Event
from devices.fleet import MeterRef
from devices.outbox.slots import Key, Kind, positions
from hes.domain.time import DAY, slot_of


class Claim(NamedTuple):
    """The lines of some slots of one meter on one UTC day, in the order of their bits.

    `encode` makes the lines of all `bits`; `event` becomes known when the lines leave.
    """

    kind: Kind
    meter: MeterRef
    day: int
    group: int
    bits: int
    is_good: bool
    offset: int
    encode: Callable[[], str]
    event: Event | None = None

    @property
    def key(self) -> Key:
        """The ledger row that knows these slots."""
        return Key(self.day, self.meter.id, self.kind, self.group)

    def text(self, fresh: int) -> str:
        """The lines of the fresh slots; all of them without a second look, as nearly always."""
        text = self.encode()
        if fresh == self.bits:
            return text
        lines = zip(positions(self.bits), text[:-1].split("\n"), strict=True)
        return "".join(f"{line}\n" for bit, line in lines if fresh >> bit & 1)


class Piece(NamedTuple):
    """Consecutive intervals of one UTC day at one POD."""

    start: int  # place of the first interval in its run
    size: int
    end: int  # end of the first interval
    last_end: int
    day: int
    slot: int
    pod: str


def pieces(meter: MeterRef, first_end: int, count: int, period: int) -> Iterator[Piece]:
    """Cut a run where the UTC day or the POD changes; period in minutes.

    A line carries the POD valid at its sample's instant (design 7).
    """
    step, index = period * 60, 0
    while index < count:
        end = first_end + index * step
        day, slot = slot_of(end)
        pod, until = meter.pod_at(end)
        last = min((day + 1) * DAY, until - 1)
        size = min(count - index, (last - end) // step + 1)
        yield Piece(index, size, end, end + (size - 1) * step, day, slot, pod)
        index += size
