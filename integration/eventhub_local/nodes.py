"""What stands behind links: a hub to write, a partition to read, `$cbs` and `$management`."""

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from integration.eventhub_local import management, messages
from integration.eventhub_local.codec import Long, Symbol, Timestamp
from integration.eventhub_local.errors import AmqpError
from integration.eventhub_local.faults import Faults
from integration.eventhub_local.links import Delivery, Outcome
from integration.eventhub_local.log import Cursor
from integration.eventhub_local.messages import Annotations
from integration.eventhub_local.namespace import Namespace, OpenHub
from integration.eventhub_local.partition import Partition
from integration.eventhub_local.performatives import ACCEPTED, rejected
from integration.eventhub_local.positions import Position
from integration.eventhub_local.sas import BadToken, Grant, check
from integration.eventhub_local.segments import Mark

BUSY = AmqpError(
    "com.microsoft:server-busy", "The request was terminated: the entity is throttled."
)
UNWANTED = AmqpError("amqp:not-allowed", "The message is not allowed.")


class Cut(ConnectionError):
    """The connection is to be cut, as a fault switch wants it."""


@dataclass(slots=True)
class Access:
    """What the tokens put on one connection allow."""

    grants: dict[str, Grant] = field(default_factory=dict)

    def put(self, token: str, key: str) -> None:
        """Take a token; a newer one for the same path takes the place of the older."""
        grant = check(token, key, time.time())
        self.grants[grant.path] = grant

    def demand(self, path: str) -> None:
        """`AmqpError` unless the path may be used now."""
        now = time.time()
        if not any(grant.covers(path, now) for grant in self.grants.values()):
            raise AmqpError("amqp:unauthorized-access", f"No valid token for {path}.")


class HubWriter:
    """Stores what is sent to a hub, or to one partition of it."""

    def __init__(
        self, namespace: Namespace, access: Access, hub: OpenHub, partition: Partition | None
    ) -> None:
        self._namespace = namespace
        self._access = access
        self._hub = hub
        self._partition = partition

    async def take(self, delivery: Delivery) -> Outcome:
        """Store one batch, whole or not at all."""
        self._access.demand(self._hub.name)
        faults = self._namespace.faults.now()
        delay = faults.round_trip_ms / 1000
        try:
            batch = messages.unpack(delivery.payload, delivery.message_format)
            _refuse(batch, faults)
        except AmqpError as fault:
            return Outcome(rejected(fault), delay)
        partition = self._partition or self._hub.choose(messages.partition_key(batch[0]))
        await partition.store(batch, faults.slow_store_ms / 1000)
        every = faults.store_without_ack_every
        if every and next(self._namespace.stored) % every == 0:
            raise Cut("stored, but the acknowledgement is withheld")
        return Outcome(ACCEPTED, delay)


def _refuse(batch: list[bytes], faults: Faults) -> None:
    if faults.busy:
        raise BUSY
    unwanted = faults.reject.encode()
    if unwanted and any(unwanted in message for message in batch):
        raise UNWANTED


@dataclass(frozen=True, slots=True)
class HubReader:
    """Feeds a receiving link from a position of a partition on."""

    access: Access
    path: str
    partition: Partition
    position: Position
    tells_last: bool  # along with each message, what the partition's last one is

    async def feed(self) -> AsyncGenerator[bytes, None]:
        """The messages as they are delivered, for ever."""
        cursor = Cursor(self.partition.log, self.position)
        try:
            while True:
                self.access.demand(self.path)
                while cursor.is_at(self.partition.end):
                    await self.partition.news()
                for place, stored in cursor.read(self.partition.end):
                    yield self._delivered(place, stored)
                await asyncio.sleep(0)
        finally:
            cursor.close()

    def _delivered(self, place: Mark, stored: bytes) -> bytes:
        own: Annotations = {
            Symbol("x-opt-sequence-number"): Long(place.sequence),
            Symbol("x-opt-offset"): str(place.offset),
            Symbol("x-opt-enqueued-time"): Timestamp(place.enqueued),
        }
        return messages.deliverable(stored, own, self._last() if self.tells_last else None)

    def _last(self) -> Annotations:
        last = self.partition.last
        return {
            Symbol("last_enqueued_sequence_number"): Long(last.sequence),
            Symbol("last_enqueued_offset"): str(last.offset),
            Symbol("last_enqueued_time_utc"): Timestamp(last.enqueued),
            Symbol("runtime_info_retrieval_time_utc"): Timestamp(time.time() * 1000),
        }


class ServiceNode:
    """Requests to `$cbs` or `$management` of one session, and their answers."""

    def __init__(self, name: str, namespace: Namespace, access: Access) -> None:
        self._name = name
        self._namespace = namespace
        self._access = access
        self._answers: asyncio.Queue[bytes] = asyncio.Queue(maxsize=16)

    async def take(self, delivery: Delivery) -> Outcome:
        """Answer one request."""
        try:
            request = messages.read_request(delivery.payload)
        except AmqpError as fault:
            return Outcome(rejected(fault))
        await self._answers.put(self._answer(request))
        return Outcome(ACCEPTED)

    async def feed(self) -> AsyncGenerator[bytes, None]:
        """The answers, for ever."""
        while True:
            yield await self._answers.get()

    def _answer(self, request: messages.Request) -> bytes:
        if self._name == "$management":
            return management.answer(request, self._namespace, self._access.demand)
        try:
            self._access.put(messages.text(request.value), self._namespace.key)
        except BadToken as fault:
            return messages.response(request, 401, f"Unauthorized access. {fault}")
        return messages.response(request, 202, "Accepted")
