"""Reads a hub as any subscriber would: with the official asynchronous client."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubConsumerClient, PartitionContext

from integration.export.sinks.event_hub.client import within

EARLIEST, LATEST = "-1", "@latest"
DEFAULT_GROUP = "$Default"
CLOSING = 5.0  # seconds; the client's own end may wait for its next look at the partitions
Start = str | datetime
Take = Callable[[EventData], None]
OnEvent = Callable[[PartitionContext, EventData | None], Awaitable[None]]


def property_of(event: EventData, name: str) -> str:
    """An application property as text; the SDK hands out names and texts as bytes."""
    value = event.properties.get(name.encode(), event.properties.get(name, b""))
    return value.decode() if isinstance(value, bytes) else str(value)


async def follow(client: EventHubConsumerClient, start: Start, take: Take) -> None:
    """Hand every message to `take` until cancelled. Raises what ends the connection for good."""

    async def on_event(_: PartitionContext, event: EventData | None) -> None:
        if event is not None:
            take(event)

    await _receive(client, start, on_event, asyncio.get_running_loop().create_future())


async def read_all(client: EventHubConsumerClient, take: Take, patience: float = 60.0) -> None:
    """Hand to `take` all that is in the hub now. Raises TimeoutError after `patience` seconds."""
    complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def on_event(partition: PartitionContext, event: EventData | None) -> None:
        if event is None or partition.partition_id not in open_ends:
            return
        take(event)
        if (event.sequence_number or 0) >= open_ends[partition.partition_id]:
            del open_ends[partition.partition_id]
        if not open_ends and not complete.done():
            complete.set_result(None)

    async with asyncio.timeout(patience):
        open_ends = await _ends(client)
        if open_ends:
            await _receive(client, EARLIEST, on_event, complete)
        else:
            await _close(client)


async def _ends(client: EventHubConsumerClient) -> dict[str, int]:
    """The last sequence number of each partition that holds anything."""
    partitions = await client.get_partition_ids()
    facts = [await client.get_partition_properties(partition) for partition in partitions]
    return {
        str(found["id"]): int(found["last_enqueued_sequence_number"])
        for found in facts
        if not found["is_empty"]
    }


async def _receive(
    client: EventHubConsumerClient, start: Start, on_event: OnEvent, done: "asyncio.Future[None]"
) -> None:
    """Until `done`; a fault that the client tells us of ends it as well."""

    async def on_error(_: PartitionContext | None, fault: Exception) -> None:
        if not done.done():
            done.set_exception(fault)

    receiving = asyncio.create_task(
        client.receive(on_event=on_event, on_error=on_error, starting_position=start)
    )
    try:
        await asyncio.wait({receiving, done}, return_when=asyncio.FIRST_COMPLETED)
        await (done if done.done() else receiving)
    finally:
        receiving.cancel()
        await _close(client)


async def _close(client: EventHubConsumerClient) -> None:
    with suppress(Exception):
        await within(CLOSING, client.close())
