"""Links: deliveries put together as they come, credit given and used, messages cut into frames."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from integration.eventhub_local.codec import Buffer, Described, UInt
from integration.eventhub_local.errors import AmqpError
from integration.eventhub_local.performatives import (
    Disposition,
    Flow,
    Performative,
    Transfer,
    rejected,
)

MOST_MESSAGE = 1 << 20  # bytes, as the service has it
CREDIT = 300
FRAME_HEAD = 128  # bytes of a transfer frame besides its payload, at most


class Channel(Protocol):
    """What a link needs of its session."""

    frame_size: int
    delivery_ids: "itertools.count[int]"

    def send(self, performative: Performative, payload: Buffer = b"") -> None:
        """Put a frame into the socket's buffer."""

    def send_flow(self, handle: UInt, delivery_count: int, credit: int) -> None:
        """Tell the state of a link along with the session's."""

    async def send_transfer(self, transfer: Transfer, payload: Buffer) -> None:
        """Send one frame of a message as soon as the peer has room for it."""

    async def room(self) -> None:
        """Until another delivery may be taken in; the delivery must `release` it."""

    def release(self) -> None:
        """A delivery taken in is dealt with."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A whole message from a client."""

    number: UInt
    message_format: int
    payload: bytes
    is_settled: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery, and in how many seconds to say so."""

    state: Described
    delay: float = 0.0


class IncomingLink:
    """A client sends on it; `take` deals with one delivery after the other."""

    def __init__(
        self,
        channel: Channel,
        handle: UInt,
        take: Callable[[Delivery], Awaitable[Outcome]],
        most_message: int = MOST_MESSAGE,
    ) -> None:
        self._channel = channel
        self._handle = handle
        self._take = take
        self._most_message = most_message
        self._too_long = Outcome(
            rejected(
                AmqpError(
                    "amqp:link:message-size-exceeded",
                    f"A message of this link has at most {most_message} bytes.",
                )
            )
        )
        self._begun: Transfer | None = None
        self._payload = bytearray()
        self._count = 0
        self._waiting: asyncio.Queue[Delivery] = asyncio.Queue()
        self._is_closed = False

    def opened(self) -> None:
        """Give the first credit."""
        self._channel.send_flow(self._handle, self._count, CREDIT)

    def flow(self, flow: Flow) -> None:
        """The sender's state tells us nothing we need."""

    async def transfer(self, transfer: Transfer, payload: Buffer) -> None:
        """Take one frame in; the last of a message queues it."""
        first = self._begun = self._begun or transfer
        if len(self._payload) <= self._most_message:  # of a longer one no more is kept
            self._payload += payload
        if transfer.more and not transfer.aborted:
            return
        delivery = self._delivery(first, bytes(self._payload))
        self._begun, self._payload = None, bytearray()
        if len(delivery.payload) > self._most_message:
            self._settle(delivery, self._too_long)
        elif not transfer.aborted:
            await self._queue(delivery)
        self._count += 1
        if self._count % (CREDIT // 2) == 0:
            self._channel.send_flow(self._handle, self._count, CREDIT)

    async def run(self) -> None:
        """Deal with the deliveries in order, for ever; acknowledgements may leave late."""
        loop = asyncio.get_running_loop()
        while True:
            delivery = await self._waiting.get()
            try:
                outcome = await self._take(delivery)
            finally:
                self._channel.release()
            if delivery.is_settled:
                continue
            if outcome.delay:
                loop.call_later(outcome.delay, self._settle, delivery, outcome)
            else:
                self._settle(delivery, outcome)

    def close(self) -> None:
        """Give back the room of what will not be dealt with."""
        self._is_closed = True
        while not self._waiting.empty():
            self._waiting.get_nowait()
            self._channel.release()

    async def _queue(self, delivery: Delivery) -> None:
        await self._channel.room()
        if self._is_closed:  # while we waited
            self._channel.release()
        else:
            self._waiting.put_nowait(delivery)

    def _settle(self, delivery: Delivery, outcome: Outcome) -> None:
        first = delivery.number
        self._channel.send(Disposition(True, first, first, settled=True, state=outcome.state))

    def _delivery(self, first: Transfer, payload: bytes) -> Delivery:
        if first.delivery_id is None:
            raise AmqpError("amqp:invalid-field", "A transfer without delivery-id.")
        number, message_format = first.delivery_id, first.message_format or 0
        return Delivery(number, message_format, payload, bool(first.settled))


class OutgoingLink:
    """A client receives on it what `feed` yields: whole messages, as far as its credit goes."""

    def __init__(self, channel: Channel, handle: UInt, feed: AsyncGenerator[bytes, None]) -> None:
        self._channel = channel
        self._handle = handle
        self._feed = feed
        self._count = 0
        self._allowed = 0  # deliveries the client has given credit for so far
        self._has_credit = asyncio.Event()

    def opened(self) -> None:
        """Nothing to say before the client gives credit."""

    def flow(self, flow: Flow) -> None:
        """Take the client's credit."""
        self._allowed = (flow.delivery_count or 0) + (flow.link_credit or 0)
        if self._allowed > self._count:
            self._has_credit.set()
        else:
            self._has_credit.clear()

    async def transfer(self, transfer: Transfer, payload: Buffer) -> None:
        """A client sends nothing here."""
        raise AmqpError("amqp:not-allowed", "A transfer on a receiving link.")

    async def run(self) -> None:
        """Deliver, already settled (the SDK never settles what it receives)."""
        try:
            async for message in self._feed:
                await self._has_credit.wait()
                self._count += 1
                if self._count >= self._allowed:
                    self._has_credit.clear()
                await self._deliver(message)
        finally:
            await self._feed.aclose()

    def close(self) -> None:
        """Nothing is kept."""

    async def _deliver(self, message: bytes) -> None:
        number = UInt(next(self._channel.delivery_ids) & 0xFFFFFFFF)
        tag = self._count.to_bytes(8, "big")
        most = self._channel.frame_size - FRAME_HEAD
        for begin in range(0, len(message), most):
            more = begin + most < len(message)
            transfer = Transfer(self._handle, number, tag, UInt(0), settled=True, more=more)
            await self._channel.send_transfer(transfer, memoryview(message)[begin : begin + most])


Link = IncomingLink | OutgoingLink
