"""A small field in memory behind the driver interface: for tests of the engine.

One load-profile interval per meter and cycle, so what was collected is easy to count.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from devices.drivers.base import (
    Batch,
    ClockReading,
    Credentials,
    Cycles,
    DstPeriod,
    Endpoint,
    FieldError,
    Identity,
    Limits,
    Period,
    Table,
    TableState,
    Unreachable,
    Window,
)
from hes.domain.records import AlarmWord, LoadProfileRun, Record
from hes.domain.time import QUARTER
from tests.factories.fleets import mac, midnight

TITLE = b"LVC\x00\x00\x00\x00\x01"


@dataclass
class FakeConcentrator:
    """One device: meters answer in each cycle unless listed in `silent`; cycle c ends a quarter.

    `before_batch` is awaited before each batch; `faults` are raised, one per opening.
    """

    serial: str
    meters: tuple[int, ...] = (1, 2)
    finished: int = 4
    oldest: int = 1
    silent: set[int] = field(default_factory=set)
    drift: float = 0.0
    faults: list[FieldError] = field(default_factory=list)
    collect_faults: dict[Table, FieldError] = field(default_factory=dict)
    before_batch: Callable[[], "asyncio.Future[None] | None"] = lambda: None
    opened: int = 0
    asked: list[tuple[Table, Window]] = field(default_factory=list)
    dst: tuple[DstPeriod, ...] = ()
    clock_sets: int = 0

    def run(self, number: int, first: int, last: int) -> LoadProfileRun:
        """The intervals of cycles first..last: cycle c ends c quarters after midnight."""
        count = last - first + 1
        values = tuple(number * 1000 + cycle for cycle in range(first, last + 1))
        return LoadProfileRun(
            mac(number), last, 15, midnight(1) + first * QUARTER, 0, 0, count, (values, *[None] * 5)
        )


class FakeSession:
    """A conversation with a FakeConcentrator."""

    def __init__(self, device: FakeConcentrator) -> None:
        self._device = device
        self.received_bytes, self.exchanges = 0, 0
        self.server_title, self.server_counter = TITLE, 7

    async def identify(self) -> Identity:
        device = self._device
        return Identity(
            device.serial,
            22,
            {t: TableState(t, device.finished, device.oldest, 0, False) for t in Table},
        )

    async def collect(self, table: Table, window: Window) -> AsyncIterator[Batch]:
        device = self._device
        device.asked.append((table, window))
        if table in device.collect_faults:
            raise device.collect_faults[table]
        for number in device.meters:
            if (wait := device.before_batch()) is not None:
                await wait
            self.exchanges += 1
            if number not in device.silent:
                yield Batch(tuple(self._records(table, window, number)), frozenset({mac(number)}))

    def _records(self, table: Table, window: Window, number: int) -> list[Record]:
        if table is Table.LOAD_PROFILE:
            first, last = self._cycles(window)
            return [self._device.run(number, first, last)]
        if table is Table.STATUS_AND_EVENTS:
            return [AlarmWord(mac(number), self._device.finished, midnight(1), 0, 0)]
        return []

    def _cycles(self, window: Window) -> tuple[int, int]:
        if isinstance(window, Cycles):
            return window.first, window.last
        assert isinstance(window, Period)
        begin = midnight(1)
        first = max(1, -(-(window.first - begin) // QUARTER))
        return first, min(96, (window.last - begin) // QUARTER)

    async def read_clock(self) -> ClockReading:
        return ClockReading(1_000_000.0 + self._device.drift, 1_000_000.0, 0, 0)

    async def set_clock(self, offset: int) -> None:
        self._device.clock_sets += 1

    async def read_dst(self) -> tuple[DstPeriod, ...]:
        return self._device.dst

    async def set_dst(self, periods: tuple[DstPeriod, ...]) -> None:
        self._device.dst = periods

    async def status_word(self) -> bytes:
        return bytes.fromhex("04B01E")

    async def close(self) -> None:
        pass


@dataclass
class FakeDriver:
    """Devices by (host, port); an address without a device refuses the connection."""

    devices: dict[tuple[str, int], FakeConcentrator] = field(default_factory=dict)
    tables: frozenset[Table] = frozenset(Table)
    tried: list[tuple[str, int]] = field(default_factory=list)

    async def open(
        self, endpoint: Endpoint, credentials: Credentials, limits: Limits
    ) -> FakeSession:
        address = (endpoint.host, endpoint.port)
        self.tried.append(address)
        credentials.counters()
        await asyncio.sleep(0)
        device = self.devices.get(address)
        if device is None:
            raise Unreachable("Concentrator is unreachable [Open socket is failed]")
        device.opened += 1
        if device.faults:
            raise device.faults.pop(0)
        return FakeSession(device)

    def __call__(self, name: str) -> "FakeDriver":
        """The look-up that an engine is given."""
        return self
