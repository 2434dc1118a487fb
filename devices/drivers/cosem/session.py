"""What a visit asks of one concentrator (companion profile 3.1, 3.2, 5.4)."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeVar
from zoneinfo import ZoneInfo

from devices.drivers.base import (
    Batch,
    ClockReading,
    Credentials,
    DstPeriod,
    Garbled,
    Identity,
    Table,
    Window,
)
from devices.drivers.cosem import objects, stamps
from devices.drivers.cosem.collection import Collection, Layouts
from devices.drivers.cosem.duties_concentrator import CONCENTRATOR_DUTIES
from devices.drivers.cosem.line import Line
from devices.drivers.cosem.meter import GATEWAY_SECONDS, MeterSession, opened
from devices.drivers.cosem.performing import perform
from devices.drivers.duties import Answer, Duty
from devices.protocol import expect
from devices.protocol.apdu import Attribute, Method
from devices.protocol.axdr import Data
from devices.protocol.selective import Selection
from devices.session import errors

_T = TypeVar("_T")


class CosemSession:
    """One open conversation with one concentrator; `Session` of devices.drivers.base.

    Garbled bytes are answered by one new session per visit, and by asking again.
    """

    def __init__(self, line: Line, layouts: Layouts, *, tag_orders: bool = False) -> None:
        self._line = line
        self._layouts = layouts
        self._tag_orders = tag_orders
        self._software_number: int | None = None

    @property
    def received_bytes(self) -> int:
        return self._line.budget.received

    @property
    def exchanges(self) -> int:
        return self._line.budget.exchanges

    @property
    def server_title(self) -> bytes | None:
        return self._line.server_title

    @property
    def server_counter(self) -> int:
        return self._line.server_counter

    async def identify(self) -> Identity:
        identity = await self._steadily(self._identity)
        self._software_number = identity.software_number
        return identity

    async def collect(self, table: Table, window: Window) -> AsyncIterator[Batch]:
        """Once a batch is out, garbled bytes end the collection: no row may come twice."""
        collection = await self._collection(table)
        begun = False
        try:
            async for batch in collection.batches(window):
                begun = True
                yield batch
            return
        except Garbled as garbled:
            collection.forget_columns()
            if begun:
                raise
            await self._line.renew(garbled)
        async for batch in collection.batches(window):
            yield batch

    async def read_clock(self) -> ClockReading:
        return await self._steadily(self._clock)

    async def set_clock(self, offset: int) -> None:
        def now() -> Data:
            arrival = round(time.time() + self.half_exchange)
            return stamps.stamp_with_offset(arrival, offset, self.zone)

        await self._set(objects.TIME, now)

    async def read_dst(self) -> tuple[DstPeriod, ...]:
        table = await self._get(objects.DST_TABLE)
        with errors.interpreting():
            return stamps.dst_periods(table, self.zone)

    async def set_dst(self, periods: tuple[DstPeriod, ...]) -> None:
        table = stamps.dst_table(periods, self.zone)
        await self._set(objects.DST_TABLE, lambda: table)

    async def status_word(self) -> bytes:
        word = await self._get(objects.STATUS_WORD)
        with errors.interpreting():
            return expect.octets(word, "status word", 3)

    async def perform(self, duty: Duty, order: int | None = None) -> Answer:
        """Harmless duties are asked again in a new session if their bytes are garbled."""
        if duty.changes:
            return await perform(CONCENTRATOR_DUTIES, self, duty)
        return await self._steadily(lambda: perform(CONCENTRATOR_DUTIES, self, duty))

    def meter(
        self, mac: bytes, credentials: Credentials, seconds: float = GATEWAY_SECONDS
    ) -> AbstractAsyncContextManager[MeterSession]:
        """A meter behind this concentrator, associated and identified, one at a time.

        Not repeated here: NodeSilent, Locked, Refused, Garbled and Timeout are the meter's.
        """
        meter = MeterSession(self._line, mac, credentials, tag_orders=self._tag_orders)
        return opened(meter, seconds)

    async def close(self) -> None:
        await self._line.close()

    # --- peer of the duties ---------------------------------------------------------------------

    @property
    def zone(self) -> ZoneInfo:
        return self._line.endpoint.zone

    @property
    def half_exchange(self) -> float:
        return self._line.transport.half_exchange

    async def get(self, attribute: Attribute, selection: Selection | None = None) -> Data:
        return await self._line.conversation.get(attribute, selection)

    async def get_many(self, attributes: Sequence[Attribute]) -> tuple[Data, ...]:
        return await self._line.conversation.get_many(attributes)

    async def set_once(self, attribute: Attribute, value: Data) -> None:
        await self._line.conversation.set_once(attribute, value)

    async def action(self, method: Method, value: Data) -> None:
        await self._line.conversation.action(method, value)

    # --- inner ----------------------------------------------------------------------------------

    async def _identity(self) -> Identity:
        if self._line.is_commissioning:
            serial = await self.get(objects.SERIAL)
            with errors.interpreting():
                return objects.commissioned_identity(serial)
        values = await self._line.conversation.get_many(objects.IDENTITY)
        with errors.interpreting():
            return objects.identity(*values)

    async def _clock(self) -> ClockReading:
        value = await self._line.conversation.get(objects.TIME)
        ours = time.time() - self.half_exchange
        with errors.interpreting():
            return stamps.reading(value, ours, self.zone)

    async def _collection(self, table: Table) -> Collection:
        if self._software_number is None:
            await self.identify()
        return Collection(self._line, self._layouts, self._software_number or 0, table)

    async def _get(self, attribute: Attribute) -> Data:
        return await self._steadily(lambda: self.get(attribute))

    async def _set(self, attribute: Attribute, value: Callable[[], Data]) -> None:
        await self._steadily(lambda: self._line.conversation.set(attribute, value))

    async def _steadily(self, operation: Callable[[], Awaitable[_T]]) -> _T:
        """`operation`, once more in a new session if its bytes are garbled."""
        try:
            return await operation()
        except Garbled as garbled:
            await self._line.renew(garbled)
            return await operation()
