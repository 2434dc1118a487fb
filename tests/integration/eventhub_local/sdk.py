"""The official SDK, as a test uses it: no retries, deadlines on everything."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient, EventHubProducerClient, PartitionContext

from tests.factories.eventhub import RunningHub

DEADLINE = 15.0
GROUP = "$Default"
# Of a test that cuts connections: the SDK 5.15.1 does not close the sockets of those it has lost.
LEAVES_SOCKETS = [
    pytest.mark.usefixtures("leftovers"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@asynccontextmanager
async def producing(hub: RunningHub, name: str, **options) -> AsyncIterator[EventHubProducerClient]:
    """A producer; the connection string may be given instead of the hub's own."""
    string = options.pop("connection_string", hub.connection_string)
    client = EventHubProducerClient.from_connection_string(
        string, eventhub_name=name, retry_total=0, **options
    )
    try:
        yield client
    finally:
        await asyncio.wait_for(client.close(), DEADLINE)


async def send(client: EventHubProducerClient, *bodies: bytes | EventData, **batch: str) -> None:
    """One batch."""
    filled = await asyncio.wait_for(client.create_batch(**batch), DEADLINE)
    for body in bodies:
        filled.add(body if isinstance(body, EventData) else EventData(body))
    await asyncio.wait_for(client.send_batch(filled), DEADLINE)


async def send_all(hub: RunningHub, name: str, *bodies: bytes | EventData, **batch: str) -> None:
    """One batch by a producer of its own."""
    async with producing(hub, name) as client:
        await send(client, *bodies, **batch)


@dataclass
class Received:
    """What a consumer was given so far."""

    events: list[tuple[str, EventData]] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    closed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def bodies(self) -> list[bytes]:
        return [b"".join(event.body) for _, event in self.events]

    async def until(self, condition: Callable[[], bool], seconds: float = DEADLINE) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)

    async def count(self, number: int) -> list[bytes]:
        """The bodies, once there are so many."""
        await self.until(lambda: len(self.events) >= number)
        return self.bodies


@asynccontextmanager
async def consuming(
    hub: RunningHub,
    name: str,
    *,
    group=GROUP,
    store=None,
    checkpoints=False,
    client=None,
    **options,
) -> AsyncIterator[Received]:
    """A consumer that runs during the block; `options` go to `receive`."""
    received = Received()
    consumer = EventHubConsumerClient.from_connection_string(
        hub.connection_string, group, eventhub_name=name, checkpoint_store=store, retry_total=0,
        **(client or {}),
    )  # fmt: skip

    async def on_event(partition: PartitionContext, event: EventData) -> None:
        if checkpoints:
            await partition.update_checkpoint(event)
        received.events.append((partition.partition_id, event))  # counted once it is safe

    async def on_error(_, fault: Exception) -> None:
        received.faults.append(fault)

    async def on_close(partition: PartitionContext, reason) -> None:
        received.closed.append((partition.partition_id, reason.name))

    options.setdefault("starting_position", "-1")
    running = asyncio.create_task(
        consumer.receive(
            on_event=on_event, on_error=on_error, on_partition_close=on_close, **options
        )
    )
    try:
        yield received
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await asyncio.wait_for(consumer.close(), DEADLINE)
