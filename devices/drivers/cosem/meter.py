"""A conversation with one meter behind a concentrator, by the gateway prefix.

Companion profile 1 (addressing, limits), 5 (ID step), 6 (silent nodes). The concentrator's own
association stays open beside it: it is asked why a meter is silent.
"""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

from devices.drivers.base import Credentials, FieldError, NodeSilent
from devices.drivers.cosem import objects
from devices.drivers.cosem.line import Line, release
from devices.drivers.cosem.opening import Route, associate
from devices.protocol.apdu import Attribute
from devices.protocol.axdr import Data
from devices.protocol.gateway import GatewayAddress
from devices.session import errors
from devices.session.conversation import Conversation

GATEWAY_SECONDS = 30.0
GATEWAY_PDU = 1_024
_T = TypeVar("_T")


class MeterSession:
    """An open association with the meter `mac`. Every call may raise a FieldError."""

    def __init__(self, line: Line, mac: bytes, credentials: Credentials) -> None:
        self.mac = mac
        self._line = line
        self._credentials = replace(credentials)
        self._conversation: Conversation | None = None
        self._answers = True

    @property
    def server_title(self) -> bytes | None:
        """The meter's system title, as stored or as now seen for the first time."""
        return self._credentials.server_title

    @property
    def server_counter(self) -> int:
        """The highest counter the meter has used."""
        return self._opened.server_counter

    async def open(self, seconds: float) -> None:
        """Associate and read the MAC; Refused when another meter answers."""
        route = Route(seconds, self._line.pause, GatewayAddress(self.mac), GATEWAY_PDU)
        self._conversation = await self._asked(
            associate(self._line.transport, self._credentials, route)
        )
        if await self.get(objects.MAC) != self.mac:
            raise errors.wrong_device("METER")

    async def get(self, attribute: Attribute) -> Data:
        """The value of one attribute."""
        return await self._asked(self._opened.get(attribute))

    async def get_many(self, attributes: Sequence[Attribute]) -> tuple[Data, ...]:
        """Several values in one exchange."""
        return await self._asked(self._opened.get_many(attributes))

    async def close(self) -> None:
        """Release, unless the meter fell silent; never raises."""
        if self._answers:
            await release(self._conversation)

    @property
    def _opened(self) -> Conversation:
        assert self._conversation is not None, "open() comes first"  # noqa: S101 - our own order
        return self._conversation

    async def _asked(self, answer: Awaitable[_T]) -> _T:
        try:
            return await answer
        except NodeSilent as silent:
            self._answers = False
            raise errors.node_silent(await self._gateway_code(silent.code)) from silent

    async def _gateway_code(self, otherwise: int) -> int:
        try:
            result = await self._line.conversation.get(objects.GATEWAY_RESULT)
            with errors.interpreting():
                return objects.gateway_code(result, self.mac) or otherwise
        except FieldError:
            return otherwise


@asynccontextmanager
async def meter_session(
    line: Line, mac: bytes, credentials: Credentials, seconds: float = GATEWAY_SECONDS
) -> AsyncIterator[MeterSession]:
    """The meter, associated and identified; released at the end."""
    meter = MeterSession(line, mac, credentials)
    try:
        await meter.open(seconds)
        yield meter
    finally:
        await meter.close()
