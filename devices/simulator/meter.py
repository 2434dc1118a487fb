"""The objects of a meter (companion profile 4.1) that reading needs.

The meter's own profiles hold what the concentrator's tables are made of, so both agree.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from devices.protocol import expect
from devices.protocol.axdr import U8, U32, Data, encode, length_bytes
from devices.protocol.errors import DataAccess, GarbledError
from devices.protocol.obis import parse
from devices.protocol.selective import ByEntry, ByRange, CaptureObject, Selection
from devices.protocol.services import Answer, Encoded
from devices.protocol.tables.base import CLOCK_SOURCE
from devices.simulator import incidents, measurands, nameplate, readings
from devices.simulator.changes import Outcome
from devices.simulator.entries import Measured, MeterEntry
from devices.simulator.local import LocalClock
from devices.simulator.objects import (
    DATA,
    EXTENDED_REGISTER,
    PROFILE,
    REGISTER,
    ObjectTree,
    unit,
)
from devices.simulator.orders import Inside, install
from devices.simulator.state import Counters
from devices.simulator.tables.load_profile import SUMMER_TIME
from hes.domain.measurands import REGISTERS

DAY = 86_400
RETENTION = 40 * DAY
WATT, WATT_HOUR, VAR_HOUR = 27, 30, 32
CHANNEL_OF_C = {1: 0, 5: 1, 2: 2, 7: 3, 8: 4, 6: 5}  # value group C of the OBIS -> channel
ACTIVE = (1, 2)
PERIODS = 900, 3600  # seconds
ORDER_TAG, UNTAGGED = "0.0.96.60.1", 0
PREVIOUS = 101  # value group F of the last billing period

Row = tuple[Data, ...]


@dataclass(frozen=True, slots=True)
class Buffer:
    """A profile of the meter: its rows' times are grid points found by `first` (the first time
    later than an instant), `row` makes one."""

    columns: tuple[CaptureObject, ...]
    first: Callable[[int], int]
    row: Callable[[int], Row]


class MeterObjects(ObjectTree):
    """One meter as seen through one association; `now` runs, profiles end at the opening."""

    def __init__(
        self,
        entry: MeterEntry,
        inside: Inside,
        counters: Counters,
        guard: Callable[[int, str, Callable[[], Outcome]], DataAccess],
    ) -> None:
        super().__init__(lambda what, execute: guard(self._tag, what, execute))
        local, now = inside.local, inside.now
        self._tag = UNTAGGED
        self._meter = inside.meter
        self._holding = inside.holding
        self._entry = entry
        self._local = local
        self._now = now
        self._opened = int(now())
        self._identity(counters)
        self._registers()
        self._profiles()
        install(self, inside)
        self.writable(DATA, ORDER_TAG, 2, self._set_tag)

    def _set_tag(self, value: Data) -> DataAccess:
        """The order behind the next changes; for tests only (companion profile 4.2)."""
        self._tag = expect.integer(value, "order tag")
        return DataAccess.SUCCESS

    def _identity(self, counters: Counters) -> None:
        serial = self._meter.serial.encode()
        self.associations(serial)
        for name, value in (
            ("0.0.42.0.0", serial), ("0.0.96.1.0", serial), ("0.0.96.1.1", self._meter.mac),
            ("0.0.96.1.2", serial), ("0.0.96.1.3", nameplate.model(self._meter.serial).encode()),
            ("0.0.96.1.4", nameplate.HARDWARE.encode()),
        ):  # fmt: skip
            self.value(DATA, name, 2, _constant(value))
        self.value(DATA, "0.0.43.1.0", 2, lambda: U32(max(counters.client, 0)))

    # --- registers ----------------------------------------------------------------------------

    def _registers(self) -> None:
        for c in CHANNEL_OF_C:
            kind = unit(WATT_HOUR if c in ACTIVE else VAR_HOUR)
            for tariff in range(readings.TARIFFS + 1):
                self.register(REGISTER, f"1.0.{c}.8.{tariff}", kind, self._energy(c, tariff))
                previous = self._energy(c, tariff, previous=True)
                self.register(REGISTER, f"1.0.{c}.8.{tariff}.{PREVIOUS}", kind, previous)
        for c in ACTIVE:
            for tariff in range(readings.TARIFFS + 1):
                self._maximum(f"1.0.{c}.6.{tariff}", c, tariff, previous=False)
                self._maximum(f"1.0.{c}.6.{tariff}.{PREVIOUS}", c, tariff, previous=True)

    def _energy(self, c: int, tariff: int, *, previous: bool = False) -> Callable[[], U32]:
        """A register now, or at the end of the last billing period (the local month)."""

        def read() -> U32:
            now = int(self._now())
            at = _month_begin(self._local, now) if previous else now
            return U32(self._register(c, tariff, at))

        return read

    def _register(self, c: int, tariff: int, at: int) -> int:
        meter = self._meter
        return readings.register(meter.seed, meter.serial, CHANNEL_OF_C[c], tariff, at)

    def _maximum(self, name: str, c: int, tariff: int, *, previous: bool) -> None:
        """Maximum demand of a billing period: value, status and the end of its quarter hour."""

        def peak() -> tuple[int, int]:
            end = int(self._now())
            begin = _month_begin(self._local, end)
            if previous:
                begin, end = _month_begin(self._local, begin - 1), begin
            return self._peak(CHANNEL_OF_C[c], tariff, begin, end)

        self.register(EXTENDED_REGISTER, name, unit(WATT), lambda: U32(peak()[0]))
        self.value(EXTENDED_REGISTER, name, 4, lambda: U8(0))
        self.value(EXTENDED_REGISTER, name, 5, lambda: self._local.stamp(peak()[1]))

    def _peak(self, channel: int, tariff: int, begin: int, end: int) -> tuple[int, int]:
        """Greatest mean power in W of a quarter hour of a tariff (0: any), and when it ended."""
        meter, count = self._meter, (end - begin) // readings.QUARTER
        values = readings.profile(meter.seed, meter.serial, channel, begin + 900, count)
        ends = range(begin + 900, begin + 900 * (count + 1), 900)
        found = (
            (4 * value, -at)
            for value, at in zip(values, ends, strict=True)
            if tariff in (0, readings.tariff_at(at))
        )
        power, at = max(found, default=(0, -begin))
        return power, -at

    # --- profiles -----------------------------------------------------------------------------

    def _profiles(self) -> None:
        entry = self._entry
        self._profile("1.0.99.1.0", _grid(self._period * 60), LOAD_COLUMNS, self._load_row)
        self.value(PROFILE, "1.0.99.1.0", 4, lambda: U32(self._period * 60))
        self.change(PROFILE, "1.0.99.1.0", 4, self._set_period)
        self._profile("1.0.99.2.0", self._local.midnight_after, DAILY_COLUMNS, self._daily_row)
        monthly = (*DAILY_COLUMNS, *MAXIMUM_COLUMNS)
        self._profile("0.0.98.1.0", self._next_month, monthly, self._monthly_row)
        measured = tuple(map(_measurand_column, entry.measurands))
        columns = (CLOCK_SOURCE, STATUS, *measured)
        self._profile("1.0.99.14.0", _grid(3600), columns, self._measured_row)
        self.buffer("0.0.99.98.0", LOG_COLUMNS, self._event_log)

    def _profile(
        self,
        name: str,
        first: Callable[[int], int],
        columns: tuple[CaptureObject, ...],
        row: Callable[[int], Row],
    ) -> None:
        of = Buffer(columns, first, row)
        self.buffer(name, columns, lambda selection: self._read(of, selection))

    @property
    def _period(self) -> int:
        """Minutes; what an order has set goes before the entry."""
        return self._holding.profile_period or self._entry.period

    def _set_period(self, value: Data) -> DataAccess:
        seconds = expect.integer(value, "capture period")
        if seconds not in PERIODS:
            return DataAccess.OTHER_REASON
        self._holding.profile_period = seconds // 60
        return DataAccess.SUCCESS

    def _read(self, of: Buffer, selection: Selection | None) -> Answer:
        try:
            times = self._times(of, selection)
        except GarbledError:
            return DataAccess.TYPE_UNMATCHED
        return _encoded(len(times), map(of.row, times))

    def _times(self, of: Buffer, selection: Selection | None) -> list[int]:
        after, last = self._opened - RETENTION, self._opened
        if isinstance(selection, ByRange):
            begin, end = _clock_range(self._local, selection)
            after, last = max(after, begin - 1), min(last, end)
        times = []
        while (after := of.first(after)) <= last:
            times.append(after)
        if isinstance(selection, ByEntry):
            return times[selection.first - 1 : selection.last or None]
        return times

    def _head(self, at: int) -> tuple[bytes, U8]:
        return self._local.stamp(at), U8(SUMMER_TIME if self._local.is_summer(at) else 0)

    def _load_row(self, at: int) -> Row:
        meter, entry = self._meter, self._entry
        return *self._head(at), *(
            U32(readings.load_profile(meter.seed, meter.serial, channel, at, self._period))
            if channel in entry.profile
            else None
            for channel in range(readings.CHANNELS)
        )

    def _daily_row(self, at: int) -> Row:
        return *self._head(at), *(
            U32(self._register(c, tariff, at)) for c in CLOSURE_CS for tariff in range(7)
        )

    def _next_month(self, after: int) -> int:
        at = self._local.midnight_after(after)
        while datetime.fromtimestamp(at, self._local.zone).day != 1:
            at = self._local.midnight_after(at)
        return at

    def _monthly_row(self, at: int) -> Row:
        begin = _month_begin(self._local, at - 1)
        peaks = (self._peak(CHANNEL_OF_C[c], 0, begin, at)[0] for c in ACTIVE)
        return *self._daily_row(at), *map(U32, peaks)

    def _measured_row(self, at: int) -> Row:
        meter = self._meter
        return *self._head(at), *(
            U32(measurands.value(meter.seed, meter.serial, each.register, each.kind, at))
            for each in self._entry.measurands
        )

    def _event_log(self, selection: Selection | None) -> Answer:
        after, last = self._opened - RETENTION, self._opened
        try:
            if isinstance(selection, ByRange):
                begin, end = _clock_range(self._local, selection)
                after, last = max(after, begin - 1), min(last, end)
        except GarbledError:
            return DataAccess.TYPE_UNMATCHED
        meter = self._meter
        found = list(incidents.log_entries(meter.seed, meter.serial, after, last))
        if isinstance(selection, ByEntry):
            found = found[selection.first - 1 : selection.last or None]
        rows = ((self._local.stamp(entry.at), U8(entry.code)) for entry in found)
        return _encoded(len(found), rows)


def _encoded(count: int, rows: Iterable[Row]) -> Encoded:
    def pieces() -> Iterator[bytes]:
        yield b"\x01" + length_bytes(count)
        yield from map(encode, rows)

    return Encoded(pieces())


def _clock_range(local: LocalClock, selection: ByRange) -> tuple[int, int]:
    start, end = selection.start, selection.end
    if selection.column != CLOCK_SOURCE:
        raise GarbledError("range on another column than the clock")
    if not isinstance(start, bytes) or not isinstance(end, bytes):
        raise GarbledError("limits are no date-times")
    return local.instant(start), local.instant(end)


def _month_begin(local: LocalClock, at: int) -> int:
    at = local.midnight_until(at)
    while datetime.fromtimestamp(at, local.zone).day != 1:
        at = local.midnight_until(at - 1)
    return at


def _grid(step: int) -> Callable[[int], int]:
    return lambda after: (after // step + 1) * step


def _constant(value: Data) -> Callable[[], Data]:
    return lambda: value


def _column(class_id: int, name: str) -> CaptureObject:
    return CaptureObject(class_id, parse(name), 2)


def _measurand_column(each: Measured) -> CaptureObject:
    return _column(REGISTER, REGISTERS[each.register].obis)


CLOSURE_CS = (1, 2, 5, 7)
STATUS = _column(DATA, "0.0.96.10.1")
LOAD_COLUMNS = (CLOCK_SOURCE, STATUS, *(_column(REGISTER, f"1.0.{c}.29.0") for c in CHANNEL_OF_C))
DAILY_COLUMNS = (
    CLOCK_SOURCE,
    _column(DATA, "0.0.96.10.2"),
    *(_column(REGISTER, f"1.0.{c}.8.{tariff}") for c in CLOSURE_CS for tariff in range(7)),
)
MAXIMUM_COLUMNS = tuple(_column(EXTENDED_REGISTER, f"1.0.{c}.6.0") for c in ACTIVE)
LOG_COLUMNS = (CLOCK_SOURCE, _column(DATA, "0.0.96.11.0"))
