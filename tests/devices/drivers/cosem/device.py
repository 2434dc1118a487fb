"""A concentrator of a few objects on a real socket, whose answers a test may twist."""

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from devices.drivers.base import Credentials, Endpoint, Limits
from devices.protocol import clock
from devices.protocol.apdu import Attribute, Method
from devices.protocol.association import Mechanism
from devices.protocol.axdr import U8, U16, U32, Data
from devices.protocol.errors import ActionStatus, DataAccess
from devices.protocol.gateway import GatewayAddress
from devices.protocol.objects import DataObject
from devices.protocol.security import Keys
from devices.protocol.selective import CaptureObject, Selection
from devices.protocol.server import Incoming, Policy, ServerSession, ServerSettings, ServerStream
from devices.protocol.services import Peer
from devices.protocol.tables import TABLES

SANTIAGO = ZoneInfo("America/Santiago")
GUEK, GAK = bytes(range(16)), bytes(range(100, 116))
CLIENT_TITLE, SERVER_TITLE = b"HES\x00\x01\x00\x00\x01", b"LVCABCDE"
SERIAL = b"20LVM50A10006010"

Twist = Callable[[int, Incoming, bytes], bytes | None]
Answer = Data | DataAccess | Callable[[Selection | None], Data | DataAccess]


def value_of(dotted: str) -> Attribute:
    return DataObject.at(dotted).attribute(DataObject.VALUE)


def captured(*sources: CaptureObject) -> list[Data]:
    return [source.data() for source in sources]


def columns_of(number: int) -> list[Data]:
    return captured(*(column.source for column in TABLES[number].columns))


def table_state(number: int, finished: int, rows: int = 1) -> Data:
    when = clock.encode(1_780_000_000, 240)
    cells = U32(finished), U32(1), when, U16(2), U16(2), U32(rows), False
    return (U8(number), *cells)


@dataclass
class Device:
    """`objects` by attribute; a callable gets the selection. `twist` sees every answer frame and
    returns what to send instead, b"" for nothing, None to reset the connection."""

    objects: dict[Attribute, Answer] = field(default_factory=dict)
    guek: bytes = GUEK
    gak: bytes = GAK
    title: bytes = SERVER_TITLE
    client_counter: int = -1
    server_counter: int = 0
    max_pdu: int = 8192
    twist: Twist = lambda number, request, answer: answer
    asked: list[tuple[Attribute, Selection | None]] = field(default_factory=list)
    written: list[tuple[Attribute, Data]] = field(default_factory=list)
    connections: int = 0
    requests: int = 0
    nodes: Mapping[bytes, "Device"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.objects = {
            value_of("0.0.96.1.0"): SERIAL,
            value_of("0.0.96.50.0"): U8(5),
            value_of("0.0.96.52.0"): [table_state(number, 420) for number in (1, 2, 10)],
            value_of("0.0.43.1.0"): lambda _: U32(max(self.client_counter, 0)),
            **{table.capture_objects: columns_of(number) for number, table in TABLES.items()},
            **{table.buffer: [] for table in TABLES.values()},
            **self.objects,
        }
        self.counters = itertools.count(self.server_counter)

    # --- handler of the codec's server ---------------------------------------------------------

    def get(self, peer: Peer, attribute: Attribute, selection: Selection | None) -> Data:
        self.asked.append((attribute, selection))
        answer = self.objects.get(attribute, DataAccess.OBJECT_UNDEFINED)
        return answer(selection) if callable(answer) else answer

    def set(self, peer: Peer, attribute: Attribute, value: Data) -> DataAccess:
        self.written.append((attribute, value))
        return DataAccess.SUCCESS

    def action(self, peer: Peer, method: Method, value: Data) -> ActionStatus:
        return ActionStatus.OBJECT_UNDEFINED

    # --- socket ---------------------------------------------------------------------------------

    def session(self) -> ServerSession:
        keys = Keys(self.guek, self.gak)
        policies = {1: Policy(Mechanism.HLS5_GMAC, keys=keys), 16: Policy()}
        settings = ServerSettings(policies, self.title, self.max_pdu)
        draw = self.counters.__next__
        return ServerSession(settings, self, draw, lambda: os.urandom(16), self.client_counter)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        stream, sessions = ServerStream(), {None: self.session()}
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                for request in stream.receive(data):
                    sent = self._answer(sessions, request)
                    if sent is None:
                        writer.transport.abort()
                        return
                    writer.write(sent)
        writer.close()

    def _answer(
        self, sessions: dict[bytes | None, ServerSession], request: Incoming
    ) -> bytes | None:
        self.requests += 1
        mac = request.gateway and request.gateway.physical
        owner = self if mac is None else self.nodes.get(mac)
        if owner is None:
            return self.twist(self.requests, request, request.framed_plain(b"\xd8\x02\x01"))
        session = sessions.setdefault(mac, owner.session())
        framed = request.framed(session.answer(request.client, request.apdu))
        owner.client_counter = session.client_counter
        return self.twist(self.requests, request, framed)


@asynccontextmanager
async def serving(device: Device) -> AsyncIterator[Endpoint]:
    """Where the device listens."""
    async with listening(device.serve) as endpoint:
        yield endpoint


@asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object],
) -> AsyncIterator[Endpoint]:
    """Where a connection function of the test listens; its connections end with it."""
    tasks: set[asyncio.Task[None]] = set()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(served, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield Endpoint(host, port, SANTIAGO)
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def credentials(
    *,
    start: int = 0,
    server_title: bytes | None = None,
    server_counter: int = -1,
    **changed: object,
) -> Credentials:
    return Credentials(
        client_title=CLIENT_TITLE,
        server_title=server_title,
        encryption_key=changed.pop("guek", GUEK),
        authentication_key=changed.pop("gak", GAK),
        counters=itertools.count(start).__next__,
        server_counter=server_counter,
        **changed,
    )


def patient(**changed: float) -> Limits:
    """Limits that a busy machine keeps; a test that waits for one of them makes it short."""
    return Limits(**{"connect": 5.0, "exchange": 5.0, "visit": 30.0, **changed})


def node(mac: bytes) -> GatewayAddress:
    return GatewayAddress(mac)
