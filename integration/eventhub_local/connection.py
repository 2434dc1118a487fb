"""One connection: greeting, frames, sessions, idle time-outs, and an end for every bad client."""

import asyncio
import logging
import uuid
from collections.abc import Coroutine

from integration.eventhub_local.codec import Array, Buffer, Symbol, UByte, UInt, UShort
from integration.eventhub_local.errors import AmqpError
from integration.eventhub_local.namespace import Namespace
from integration.eventhub_local.nodes import Access
from integration.eventhub_local.performatives import (
    AMQP,
    EMPTY_FRAME,
    HEADER,
    SASL,
    Begin,
    Close,
    End,
    Open,
    Performative,
    SaslInit,
    SaslMechanisms,
    SaslOutcome,
    decode_body,
    encode_frame,
    error,
)
from integration.eventhub_local.session import Session

AMQP_HEADER = b"AMQP\x00\x01\x00\x00"
SASL_HEADER = b"AMQP\x03\x01\x00\x00"
ANONYMOUS = Symbol("ANONYMOUS")

MOST_FRAME = 64 << 10
LEAST_FRAME = 512  # AMQP 1.0, 2.4.1
MOST_CHANNEL = 63
MOST_DELIVERIES = 16  # taken in and not yet stored, of all links together
GREETING_SECONDS = 10
IDLE_SECONDS = 240  # as the service closes silent connections

logger = logging.getLogger(__name__)


class Connection:
    """Serves one client until it goes or misbehaves."""

    def __init__(
        self, namespace: Namespace, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.namespace = namespace
        self.access = Access()
        self.frame_size = LEAST_FRAME
        host, port, *_ = writer.get_extra_info("peername") or ("?", 0)
        self.peer = f"{host}:{port}"
        self._reader = reader
        self._writer = writer
        self._sessions: dict[int, Session] = {}
        self._work: set[asyncio.Task[None]] = set()
        self._deliveries = asyncio.Semaphore(MOST_DELIVERIES)

    async def run(self) -> None:
        """Serve; returns when the connection is closed, whoever closed it."""
        try:
            async with asyncio.timeout(GREETING_SECONDS):
                await self._greet()
            await self._serve()
        except AmqpError as fault:
            logger.warning("%s: disconnected, %s", self.peer, fault)
            self._say_close(fault)
        except TimeoutError:
            logger.warning("%s: disconnected, it was silent for too long", self.peer)
        except (OSError, asyncio.IncompleteReadError):
            logger.debug("%s: gone", self.peer)
        finally:
            self.end()

    def dismiss(self) -> None:
        """End it because the hub ends."""
        self._say_close(
            AmqpError("amqp:connection:forced", "The local Event Hub is being stopped.")
        )
        self.end()

    def end(self) -> None:
        """Stop everything of this connection and close it after what is still to be sent."""
        for session in self._sessions.values():
            session.close()
        for task in self._work:
            task.cancel()
        self._writer.close()

    def send(self, channel: int, performative: Performative, payload: Buffer = b"") -> None:
        """Put a frame into the socket's buffer."""
        if not self._writer.is_closing():
            self._writer.write(encode_frame(channel, performative, payload))

    async def drained(self) -> None:
        """Until the client has read most of what was sent."""
        await self._writer.drain()

    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run something, at most as long as the connection lives."""
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._done)
        return task

    def cut(self) -> None:
        """End the connection at once, without a word."""
        self._writer.transport.abort()

    async def room(self) -> None:
        """Until another delivery may be taken in; the delivery must `release` it."""
        await self._deliveries.acquire()

    def release(self) -> None:
        """A delivery taken in is dealt with."""
        self._deliveries.release()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (fault := task.exception()):
            if not isinstance(fault, ConnectionError):
                logger.error("%s: cut off after a fault of ours", self.peer, exc_info=fault)
            self.cut()

    async def _greet(self) -> None:
        """Headers, SASL ANONYMOUS (the right to anything comes by token later), open."""
        await self._expect_header(SASL_HEADER)
        self._write_sasl(SaslMechanisms(Array([ANONYMOUS])))
        _, init, _ = await self._frame(SASL)
        if not isinstance(init, SaslInit) or init.mechanism != ANONYMOUS:
            self._write_sasl(SaslOutcome(UByte(1)))
            raise AmqpError("amqp:unauthorized-access", "Only SASL ANONYMOUS is offered.")
        self._write_sasl(SaslOutcome(UByte(0)))
        await self._expect_header(AMQP_HEADER)
        _, performative, _ = await self._frame()
        if not isinstance(performative, Open):
            raise AmqpError("amqp:illegal-state", "A connection begins with open.")
        self._open(performative)

    async def _expect_header(self, header: bytes) -> None:
        found = await self._reader.readexactly(len(header))
        self._writer.write(header)
        if found != header:
            raise AmqpError("amqp:connection:framing-error", f"No AMQP 1.0 header: {found!r}")

    def _write_sasl(self, performative: Performative) -> None:
        self._writer.write(encode_frame(0, performative, kind=SASL))

    def _open(self, opened: Open) -> None:
        wanted = MOST_FRAME if opened.max_frame_size is None else int(opened.max_frame_size)
        self.frame_size = min(max(wanted, LEAST_FRAME), MOST_FRAME)
        self.send(
            0,
            Open(
                f"hes-{uuid.uuid4().hex[:12]}",
                opened.hostname,
                UInt(MOST_FRAME),
                UShort(MOST_CHANNEL),
                UInt(IDLE_SECONDS * 1000),
            ),
        )
        if opened.idle_timeout:
            self.spawn(self._keep_awake(int(opened.idle_timeout) / 2000))

    async def _keep_awake(self, every: float) -> None:
        """Frames without content, so that the client does not take us for dead."""
        while True:
            await asyncio.sleep(max(every, 0.05))
            self._writer.write(EMPTY_FRAME)
            await self.drained()

    async def _serve(self) -> None:
        while True:
            async with asyncio.timeout(IDLE_SECONDS):
                channel, performative, payload = await self._frame()
                if isinstance(performative, Close):
                    self._say_close(None)
                    return
                await self._receive(channel, performative, payload)
                await self.drained()

    async def _receive(self, channel: int, performative: Performative, payload: Buffer) -> None:
        """The SDK goes on speaking on sessions it has ended: frames without session are nothing."""
        session = self._sessions.get(channel)
        if isinstance(performative, Begin):
            if session or channel > MOST_CHANNEL:
                raise AmqpError("amqp:not-allowed", f"Channel {channel} cannot be begun.")
            self._sessions[channel] = Session(self, channel, performative)
        elif isinstance(performative, End) and session:
            del self._sessions[channel]
            session.close()
            self.send(channel, End())
        elif session:
            await session.receive(performative, payload)

    async def _frame(self, kind: int = AMQP) -> tuple[int, Performative, Buffer]:
        """The next frame that is not empty."""
        while True:
            head = await self._reader.readexactly(HEADER.size)
            size, offset, found, channel = HEADER.unpack(head)
            if not HEADER.size <= size <= MOST_FRAME or not 2 <= offset <= size // 4:
                raise AmqpError("amqp:connection:framing-error", f"No frame begins with {head!r}")
            body = await self._reader.readexactly(size - HEADER.size)
            if found != kind:
                raise AmqpError("amqp:connection:framing-error", f"Unexpected frame type {found}.")
            if body := body[offset * 4 - HEADER.size :]:
                return channel, *decode_body(memoryview(body))

    def _say_close(self, fault: AmqpError | None) -> None:
        self.send(0, Close(error(fault) if fault else None))
