"""One hub through the official SDK (aio): nothing waits for ever, nothing is retried in secret.

The SDK does not time out by itself when its peer freezes, at opening, sending or closing; it
re-sends a failed batch once on its own, which only makes one more duplicate of the same ids.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from azure.eventhub import EventData, EventDataBatch
from azure.eventhub.aio import EventHubProducerClient

from hes.domain.errors import HesError
from integration.export.messages.packing import Message
from integration.export.sinks.event_hub.access import Access
from integration.export.sinks.event_hub.connections import Connections, cut, opened
from integration.export.sinks.event_hub.errors import Rejected, Unavailable, of_sdk, told
from integration.export.sinks.event_hub.patience import Patience

log = logging.getLogger(__name__)
AT_ONCE = 200  # messages that are encoded in one turn of the loop, about 20 ms
Result = TypeVar("Result")
_abandoned: set[asyncio.Task[Any]] = set()  # a task that nobody holds may vanish while it runs


async def within(seconds: float, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of `work`, or TimeoutError after `seconds`, even if it resists being cancelled.

    `asyncio.wait_for` waits for a cancelled task's own clean-up, which may talk to a dead peer.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if task.done():
            return task.result()
        raise TimeoutError(f"no answer within {seconds:g} s")
    finally:
        if not task.done():
            _abandon(task)


def _abandon(task: asyncio.Task[Any]) -> None:
    task.cancel()
    _abandoned.add(task)
    task.add_done_callback(_forget)


def _forget(task: asyncio.Task[Any]) -> None:
    _abandoned.discard(task)
    if not task.cancelled() and (fault := task.exception()):
        log.debug("an abandoned call ended: %s", told(fault))


class Hub:
    """Sends to one hub; opens itself when needed."""

    def __init__(self, name: str, access: Access, patience: Patience) -> None:
        self.name = name
        self._access, self._patience = access, patience
        self._client: EventHubProducerClient | None = None
        self._credential: Any = None
        self._partitions: list[str] = []
        self._opened_at = 0.0
        self._connections: Connections = set()
        self._closing: set[asyncio.Task[None]] = set()

    async def open(self) -> int:
        """How many partitions there are. Raises Unavailable."""
        if self._client and time.monotonic() - self._opened_at > self._patience.client_life:
            self.drop()
        if self._client is None:
            try:
                await self._connect()
            except Exception as fault:
                self.drop()
                raise Unavailable(f"{self.name}: {type(fault).__name__}: {told(fault)}") from None
        return len(self._partitions)

    async def _connect(self) -> None:
        opened.set(self._connections)
        self._credential = self._access.credential()
        self._client = self._access.producer(self.name, self._credential)
        self._partitions = await within(self._patience.open, _prepare(self._client))
        self._opened_at = time.monotonic()

    async def send(self, partition: int, messages: Sequence[Message]) -> int:
        """Send as many of the first messages as one batch holds; returns how many they were.

        Raises Unavailable, or Rejected for what they hold. After a time-out they may be stored
        all the same.
        """
        client = self._client
        if client is None:
            raise Unavailable(f"{self.name}: not open")
        opened.set(self._connections)
        count = 1
        try:
            batch = await self._fill(client, self._partitions[partition], messages)
            count = len(batch)
            await within(self._patience.send, client.send_batch(batch))
        except HesError:
            raise
        except Exception as fault:  # the SDK lets its own programming errors through as well
            raise of_sdk(fault, count) from None
        return count

    async def _fill(
        self, client: EventHubProducerClient, partition: str, messages: Sequence[Message]
    ) -> EventDataBatch:
        batch = await within(self._patience.open, client.create_batch(partition_id=partition))
        for place, message in enumerate(messages):
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)  # others wait for the loop
            try:
                batch.add(_event(message))
            except ValueError as full:
                if not len(batch):
                    raise Rejected(told(full), count=1, is_final=True) from None
                break
        return batch

    def drop(self) -> None:
        """Forget this client, whatever state it is in; the next call makes a new one."""
        left = self._client, self._credential, self._connections
        self._client, self._credential, self._connections = None, None, set()
        closing = asyncio.create_task(self._dismiss(*left))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """The same, and wait until it is closed or as good as that."""
        self.drop()
        await asyncio.gather(*self._closing)

    async def _dismiss(
        self, client: EventHubProducerClient | None, credential: Any, connections: Connections
    ) -> None:
        try:
            if client is not None:
                await self._close(client)
            if credential is not None:
                await self._quietly(credential.close())
        finally:
            cut(connections)

    async def _close(self, client: EventHubProducerClient) -> None:
        """Each call gets past one link that hangs, or that waits for its keep-alive to wake."""
        for _ in range(len(self._partitions) + 2):
            if await self._quietly(client.close()):
                return

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> bool:
        try:
            await within(self._patience.close, work)
        except Exception as fault:
            log.debug("%s: closing: %s", self.name, told(fault))
            return False
        return True


async def _prepare(client: EventHubProducerClient) -> list[str]:
    """The partitions; the first batch opens the link that tells how large one may be."""
    partitions, _ = await asyncio.gather(client.get_partition_ids(), client.create_batch())
    return partitions


def _event(message: Message) -> EventData:
    event = EventData(message.body)
    event.message_id = message.dedup_id
    event.content_type = message.content_type
    event.properties = dict(message.properties.items())
    return event
