"""A conversation with one meter behind a concentrator, by the gateway prefix.

Companion profile 1 (addressing, limits), 5 (ID step), 6 (silent nodes). The concentrator's own
association stays open beside it: it is asked why a meter is silent.
"""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar
from zoneinfo import ZoneInfo

from devices.drivers.base import Credentials, FieldError, NodeSilent
from devices.drivers.cosem import objects
from devices.drivers.cosem.duties_meter import METER_DUTIES
from devices.drivers.cosem.line import Line, release
from devices.drivers.cosem.opening import Route, associate, public
from devices.drivers.cosem.performing import perform
from devices.drivers.duties import Answer, Duty, ReadPresence
from devices.protocol.apdu import Attribute, Method
from devices.protocol.axdr import U64, Data
from devices.protocol.gateway import GatewayAddress
from devices.protocol.selective import Selection
from devices.session import errors
from devices.session.conversation import Conversation

GATEWAY_SECONDS = 30.0
GATEWAY_PDU = 1_024
_T = TypeVar("_T")


class MeterSession:
    """An open association with the meter `mac`; `MeterLine` of devices.drivers.base.

    Every call may raise a FieldError.
    """

    def __init__(
        self, line: Line, mac: bytes, credentials: Credentials, *, tag_orders: bool = False
    ) -> None:
        self.mac = mac
        self._line = line
        self._credentials = replace(credentials)
        self._tag_orders = tag_orders
        gateway = GatewayAddress(mac)
        self._route = Route(GATEWAY_SECONDS, line.pause, gateway, GATEWAY_PDU, line.dedicated)
        self._conversation: Conversation | None = None
        self._answers = True

    @property
    def server_title(self) -> bytes | None:
        """The meter's system title, as stored or as now seen for the first time."""
        return self._credentials.server_title

    @property
    def server_counter(self) -> int:
        """The highest counter the meter has used."""
        if self._conversation is None:
            return self._credentials.server_counter
        return self._conversation.server_counter

    async def open(self, seconds: float = GATEWAY_SECONDS) -> None:
        """Associate and read the MAC; Refused when another meter answers."""
        self._route = replace(self._route, seconds=seconds)
        if await self.get(objects.MAC) != self.mac:
            raise errors.wrong_device("METER")

    async def perform(self, duty: Duty, order: int | None = None) -> Answer:
        """See MeterLine; `order` is told to the meter where the driver tags orders."""
        if isinstance(duty, ReadPresence):
            await self._presence()
            return None
        if duty.changes and order is not None and self._tag_orders:
            await self.set_once(objects.ORDER_TAG, U64(order))
        return await perform(METER_DUTIES, self, duty)

    async def close(self) -> None:
        """Release, unless the meter fell silent; never raises."""
        if self._answers:
            await release(self._conversation, self._route.seconds)

    # --- peer of the duties ---------------------------------------------------------------------

    @property
    def zone(self) -> ZoneInfo:
        """The concentrator's: its meters have no other."""
        return self._line.endpoint.zone

    @property
    def half_exchange(self) -> float:
        return self._line.transport.half_exchange

    async def get(self, attribute: Attribute, selection: Selection | None = None) -> Data:
        """The value of one attribute, or the rows of a buffer that are selected."""
        return await self._asked((await self._associated()).get(attribute, selection))

    async def get_many(self, attributes: Sequence[Attribute]) -> tuple[Data, ...]:
        """Several values in one exchange."""
        return await self._asked((await self._associated()).get_many(attributes))

    async def set_once(self, attribute: Attribute, value: Data) -> None:
        await self._asked((await self._associated()).set_once(attribute, value))

    async def action(self, method: Method, value: Data) -> None:
        await self._asked((await self._associated()).action(method, value))

    # --- inner ----------------------------------------------------------------------------------

    async def _associated(self) -> Conversation:
        """The open association, made where there is none."""
        if self._conversation is None:
            transport = self._line.transport
            self._conversation = await self._asked(
                associate(transport, self._credentials, self._route)
            )
        return self._conversation

    async def _presence(self) -> None:
        """By the public client; the next duty associates again."""
        await release(self._conversation, self._route.seconds)
        self._credentials.server_counter = self.server_counter
        self._conversation = None
        conversation = public(self._line.transport, self._route)
        await self._asked(conversation.associate())
        if await self._asked(conversation.get(objects.MAC)) != self.mac:
            raise errors.wrong_device("METER")
        await release(conversation, self._route.seconds)

    async def _asked(self, answer: Awaitable[_T]) -> _T:
        try:
            return await answer
        except NodeSilent as silent:
            self._answers = False
            raise await self._explained(silent) from silent

    async def _explained(self, silent: NodeSilent) -> NodeSilent:
        """The same with the concentrator's reason, as far as it gives one."""
        try:
            value = await self._line.conversation.get(objects.GATEWAY_RESULT)
            with errors.interpreting():
                result = objects.gateway_result(value, self.mac)
        except FieldError:
            return silent
        if result is None:
            return silent
        return errors.node_silent(result.code or silent.code, delivered=result.delivered)


@asynccontextmanager
async def opened(
    meter: MeterSession, seconds: float = GATEWAY_SECONDS
) -> AsyncIterator[MeterSession]:
    """The meter, associated and identified; released at the end."""
    try:
        await meter.open(seconds)
        yield meter
    finally:
        await meter.close()
