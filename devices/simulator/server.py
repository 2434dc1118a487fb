"""The sockets of the simulated field: one listener per concentrator, one session at a time."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from devices.protocol import association
from devices.protocol.apdu import ExceptionResponse
from devices.protocol.association import AARQ
from devices.protocol.errors import AssociationResult, GarbledError, ServiceError, StateError
from devices.protocol.server import Incoming, ServerSession, ServerStream
from devices.simulator.changes import LineCut, NodeFellSilent
from devices.simulator.device import Device, Fault, FieldOptions
from devices.simulator.holdings import Holdings
from devices.simulator.population import PORT, Fleet, Meter, host
from devices.simulator.state import Counters

ANY_PORT = 0
HOST_PATTERN = "127.10.{a}.{b}"
SHARED_HOST = "127.0.0.1"
BACKLOG, CHUNK = 16, 65_536
NO_REASON = 1
SILENT_NODE = ExceptionResponse(
    StateError.SERVICE_UNKNOWN, ServiceError.OPERATION_NOT_POSSIBLE
).encode()
NOT_ASSOCIATED = ExceptionResponse(
    StateError.SERVICE_NOT_ALLOWED, ServiceError.OPERATION_NOT_POSSIBLE
).encode()

Address = tuple[str, int]


class Line:
    """One TCP connection to one concentrator."""

    def __init__(
        self, device: Device, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.reader = reader
        self.writer = writer
        self._device = device
        self._session: ServerSession | None = None
        self._node: tuple[bytes, ServerSession, Counters] | None = None
        self._sent = 0
        self._asked = 0

    async def run(self) -> None:
        """Answer until the client goes, is silent too long, or sends what is no frame."""
        stream = ServerStream()
        try:
            while data := await self._receive():
                for request in stream.receive(data):
                    await self._send(await self._answer(request))
        except (GarbledError, LineCut, OSError, TimeoutError):
            pass
        finally:
            self._leave()

    async def until_closed(self) -> None:
        """Swallow what the client sends until it goes."""
        while await self.reader.read(CHUNK):
            pass

    def reset(self) -> None:
        """Break the connection with a TCP reset."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.writer.transport.abort()

    async def _receive(self) -> bytes:
        async with asyncio.timeout(self._device.options.idle_limit):
            return await self.reader.read(CHUNK)

    def _leave(self) -> None:
        if self._device.line is self:
            self._device.line = None
        self.writer.close()

    async def _send(self, frame: bytes) -> None:
        number, self._sent = self._sent, self._sent + 1
        if self._device.wire is not None:
            await self._device.wire.send(self, number, frame)
        else:
            self.writer.write(frame)
            await self.writer.drain()

    # --- answers ------------------------------------------------------------------------------

    async def _answer(self, request: Incoming) -> bytes:
        if self._device.is_away():
            raise LineCut
        if await self._is_taken():
            return request.framed_plain(_busy(request.apdu))
        if request.gateway is not None:
            return await self._node_answer(request, request.gateway.physical)
        if request.apdu[:1] == bytes((AARQ,)) or self._session is None:
            self._session = self._device.session()
        try:
            answer = self._session.answer(request.client, request.apdu)
        except NodeFellSilent as silent:
            raise LineCut from silent  # nobody stands before the concentrator to speak for it
        finally:
            self._device.memory.counters.client = self._session.client_counter
        await self._wait()
        return request.framed(answer)

    async def _wait(self) -> None:
        late, self._device.late = self._device.late, 0.0
        if late:
            await asyncio.sleep(late)

    async def _is_taken(self) -> bool:
        """Whether another live connection has the concentrator; else it is ours."""
        first = self._device.line
        if first is not None and first is not self:
            await asyncio.sleep(0)  # its end may be reported in the same turn of the loop
            if not first.reader.at_eof() and not first.writer.is_closing():
                return True
        self._device.line = self
        return False

    async def _node_answer(self, request: Incoming, mac: bytes) -> bytes:
        """One medium, one exchange at a time: a request whose client has gone is still carried out
        before the next client's."""
        async with self._device.medium:
            answer = await self._exchanged(request, mac)
        await self._wait()
        return answer

    async def _exchanged(self, request: Incoming, mac: bytes) -> bytes:
        device, line = self._device, self._device.power_line
        meter = device.reached(mac)
        self._asked += 1
        await asyncio.sleep(line.delay(meter, self._asked) if meter else line.give_up)
        device.note_gateway(mac, meter, delivered=meter is not None)
        if meter is None:
            return request.framed_plain(SILENT_NODE)
        try:
            return request.framed(self._meter_answer(request, meter))
        except NodeFellSilent as silent:
            device.note_gateway(mac, None, delivered=silent.delivered)
            return request.framed_plain(SILENT_NODE)

    def _meter_answer(self, request: Incoming, meter: Meter) -> bytes:
        device, mac = self._device, meter.mac
        if request.apdu[:1] == bytes((AARQ,)):
            self._node = mac, *device.node_session(meter)
        if self._node is None or self._node[0] != mac:
            return NOT_ASSOCIATED
        _, session, counters = self._node
        try:
            return session.answer(request.client, request.apdu)
        finally:
            counters.client = session.client_counter


def _busy(apdu: bytes) -> bytes:
    try:
        ciphered = association.decode_request(apdu).ciphered
    except GarbledError:
        return NOT_ASSOCIATED
    return association.rejection(AssociationResult.REJECTED_TRANSIENT, NO_REASON, ciphered)


class RunningField:
    """Listening devices; `endpoints` maps concentrator serials to where they really listen."""

    def __init__(self, devices: Iterable[Device], holdings: Holdings) -> None:
        self.holdings = holdings
        self.devices = {device.concentrator.serial: device for device in devices}
        self.endpoints: dict[str, Address] = {}
        self._servers: list[asyncio.Server] = []
        self._deaf: list[socket.socket] = []
        self._lines: set[asyncio.Task[None]] = set()

    def endpoint(self, serial: str) -> Address:
        """Host and port of a concentrator."""
        return self.endpoints[serial]

    def device(self, serial: str) -> Device:
        """The device behind an endpoint: tests bend it while it runs."""
        return self.devices[serial]

    async def open(self, sockets: Mapping[str, socket.socket]) -> None:
        """Listen on bound sockets, one per serial; a device that refuses only holds its port."""
        for serial, bound in sockets.items():
            self.endpoints[serial] = bound.getsockname()
            device = self.devices[serial]
            if device.listens:
                server = await asyncio.start_server(
                    self._accepts(device), sock=bound, backlog=BACKLOG
                )
                self._servers.append(server)
            else:
                self._deaf.append(bound)

    async def close(self) -> None:
        """Stop listening and break every connection."""
        for server in self._servers:
            server.close()
        for deaf in self._deaf:
            deaf.close()
        for task in tuple(self._lines):
            task.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)
        self.holdings.close()

    def _accepts(
        self, device: Device
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(Line(device, reader, writer).run())
            self._lines.add(task)
            task.add_done_callback(self._lines.discard)

        return accept


@asynccontextmanager
async def running_field(
    fleet: Fleet,
    *,
    faults: Mapping[str, Iterable[Fault]] | None = None,
    options: FieldOptions | None = None,
    pattern: str = HOST_PATTERN,
    port_base: int | None = None,
    state: Path | None = None,
) -> AsyncIterator[RunningField]:
    """A listening fleet for the time of the block.

    Without `port_base` every concentrator has its own address by `pattern` and port 4059; where
    that cannot be bound, and with `port_base`, all share 127.0.0.1 (0: any free ports).
    `faults` are installed per concentrator serial. What orders have done is kept in the journal
    `state`, and gone on with.
    """
    chosen = options or FieldOptions()
    holdings = Holdings(state)
    devices = (Device(each, fleet.zone, chosen, holdings) for each in fleet.concentrators)
    field = RunningField(devices, holdings)
    for serial, several in (faults or {}).items():
        for fault in several:
            fault.install(field.device(serial))
    allow_files(2 * fleet.size + 1000)
    await field.open(_bound(fleet, pattern, port_base))
    try:
        yield field
    finally:
        await field.close()


def allow_files(count: int) -> None:
    """Raise the soft limit of open files as far as needed and allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _bound(fleet: Fleet, pattern: str, port_base: int | None) -> dict[str, socket.socket]:
    if port_base is None:
        with suppress(OSError):
            return _bind_all(fleet, lambda number: (host(pattern, number), PORT))
    base = port_base or ANY_PORT
    return _bind_all(fleet, lambda number: (SHARED_HOST, base + number if base else ANY_PORT))


def _bind_all(fleet: Fleet, address: Callable[[int], Address]) -> dict[str, socket.socket]:
    """All or none."""
    sockets: dict[str, socket.socket] = {}
    try:
        for each in fleet.concentrators:
            sockets[each.serial] = _bind(address(each.number))
    except OSError:
        for bound in sockets.values():
            bound.close()
        raise
    return sockets


def _bind(address: Address) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound
