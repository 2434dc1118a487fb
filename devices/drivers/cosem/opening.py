"""Management associations (HLS5-GMAC) and the one recovery of an invocation counter.

With a password the commissioning association (LLS) takes their place.

Companion profile 2; table of reactions in 6.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

from devices.drivers.base import Credentials, FieldError
from devices.protocol import expect
from devices.protocol.association import Mechanism
from devices.protocol.connection import ClientConnection
from devices.protocol.errors import GarbledError
from devices.protocol.gateway import GatewayAddress
from devices.protocol.objects import DataObject
from devices.protocol.security import KEY_SIZE, Keys
from devices.protocol.settings import ClientSettings
from devices.session import errors
from devices.session.conversation import Connect, Conversation
from devices.session.transport import Transport

MANAGEMENT_CLIENT, COMMISSIONING_CLIENT, PUBLIC_CLIENT = 1, 2, 16
CHALLENGE_SIZE = 16
RECOVERY_STEP = 101
LAST_COUNTER = DataObject.at("0.0.43.1.0").attribute(DataObject.VALUE)


@dataclass(frozen=True, slots=True)
class Route:
    """How a device is reached over a transport: directly or by the gateway prefix.

    `dedicated`: each association is ciphered by a key of its own, drawn for it.
    """

    seconds: float
    pause: float
    gateway: GatewayAddress | None = None
    max_pdu: int = 16_384
    dedicated: bool = False

    def conversation(self, transport: Transport, connect: Connect) -> Conversation:
        """A conversation that is not yet an association."""
        return Conversation(transport, connect, self.seconds, self.pause)


class _Watched:
    """Counters as they are drawn; `last` is what the device refused, if it refused."""

    def __init__(self, counters: Callable[[], int]) -> None:
        self._counters = counters
        self.last = -1

    def __call__(self) -> int:
        self.last = self._counters()
        return self.last


async def associate(transport: Transport, credentials: Credentials, route: Route) -> Conversation:
    """An open management association; `credentials.server_title` is filled in at the first one."""
    if credentials.password is not None:
        return await _commissioning(transport, credentials.password, route)
    counters = _Watched(credentials.counters)
    connect = _management(credentials, counters, route)
    try:
        return await _associated(route.conversation(transport, connect), credentials)
    except (errors.CounterRefused, errors.AuthenticationFailure) as refused:
        await _recover(transport, credentials, route, counters.last, refused)
    return await _associated(route.conversation(transport, connect), credentials)


async def _commissioning(transport: Transport, password: bytes, route: Route) -> Conversation:
    def connect(_: int) -> ClientConnection:
        settings = ClientSettings(
            client=COMMISSIONING_CLIENT,
            mechanism=Mechanism.LLS,
            secret=password,
            max_pdu=route.max_pdu,
        )
        return ClientConnection(settings)

    conversation = route.conversation(transport, connect)
    await conversation.associate()
    return conversation


async def _associated(conversation: Conversation, credentials: Credentials) -> Conversation:
    answer = await conversation.associate()
    credentials.server_title = answer.server_title
    return conversation


def _management(credentials: Credentials, counters: _Watched, route: Route) -> Connect:
    keys = Keys(credentials.encryption_key, credentials.authentication_key)

    def connect(server_counter: int) -> ClientConnection:
        settings = ClientSettings(
            client=MANAGEMENT_CLIENT,
            mechanism=Mechanism.HLS5_GMAC,
            keys=keys,
            title=credentials.client_title,
            challenge=os.urandom(CHALLENGE_SIZE),
            max_pdu=route.max_pdu,
            gateway=route.gateway,
            server_title=credentials.server_title,
            server_counter=max(server_counter, credentials.server_counter),
            dedicated_key=os.urandom(KEY_SIZE) if route.dedicated else b"",
        )
        return ClientConnection(settings, counters)

    return connect


async def _recover(
    transport: Transport,
    credentials: Credentials,
    route: Route,
    refused_counter: int,
    refused: FieldError,
) -> None:
    """Raise our counters over what the device has accepted, or `refused` if they are not behind."""
    if credentials.recover is None:
        raise refused
    try:
        accepted = await _last_accepted(transport, route)
    except (FieldError, GarbledError) as failure:
        raise refused from failure
    # One that is exactly our last was refused only if the device says so; else another cause.
    is_behind = accepted > refused_counter or isinstance(refused, errors.CounterRefused)
    if accepted < refused_counter or not is_behind:
        raise refused
    await credentials.recover(accepted + RECOVERY_STEP)


def public(transport: Transport, route: Route) -> Conversation:
    """A conversation of the public client, not yet associated."""

    def connect(_: int) -> ClientConnection:
        return ClientConnection(
            ClientSettings(client=PUBLIC_CLIENT, max_pdu=route.max_pdu, gateway=route.gateway)
        )

    return route.conversation(transport, connect)


async def _last_accepted(transport: Transport, route: Route) -> int:
    """The last counter the device took from us, read by the public client."""
    conversation = public(transport, route)
    await conversation.associate()
    accepted = await conversation.get(LAST_COUNTER)
    await conversation.release(route.seconds)
    return expect.integer(accepted, "last counter")
