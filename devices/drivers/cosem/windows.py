"""Windows into selective access: what one GET of a table asks for (companion profile 3.2)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from devices.drivers.base import CYCLES_PER_GET, Cycles, Period, Window
from devices.drivers.cosem.stamps import stamp
from devices.protocol.axdr import U32
from devices.protocol.selective import ByRange, Selection
from devices.protocol.tables.base import CLOCK_SOURCE, CYCLE
from hes.domain.time import local_midnight


def selections(window: Window, zone: ZoneInfo) -> Iterator[Selection | None]:
    """One selection per GET, oldest first: 8 cycles, one local day of `zone`, or the whole."""
    if isinstance(window, Cycles):
        yield from map(_cycles, eights(window))
    elif isinstance(window, Period):
        for first, last in local_days(window, zone):
            yield ByRange(CLOCK_SOURCE, stamp(first, zone), stamp(last, zone))
    else:
        yield None


def eights(window: Cycles) -> Iterator[Cycles]:
    """The cycles of a window, at most 8 at a time."""
    for first in range(window.first, window.last + 1, CYCLES_PER_GET):
        yield Cycles(first, min(first + CYCLES_PER_GET - 1, window.last))


def local_days(period: Period, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """A period cut after each local midnight: 00:00:00 still belongs to the day it ends."""
    first = period.first
    while first <= period.last:
        day = datetime.fromtimestamp(first - 1, UTC).astimezone(zone).date()
        last = min(local_midnight(day + timedelta(days=1), zone), period.last)
        yield first, last
        first = last + 1


def _cycles(window: Cycles) -> Selection:
    return ByRange(CYCLE.source, U32(window.first), U32(window.last))
