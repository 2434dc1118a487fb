"""Single events, LPE blocks of 50 lines, one message each, to a durable local hub of 4 partitions
that acknowledges after 10 ms: 100,000 of them through `hes export run` in a process of its own,
from their first commit to the last acknowledgement; then the relay in this process against the
official client alone, which sends the same events, made beforehand, in full batches, no database.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from time import perf_counter

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient

from benchmarks.bench import Bench
from benchmarks.blocks import COMPANY, Label, lines_of, make_company, store_all
from benchmarks.encoding import Texts
from benchmarks.hubs import PARTITIONS, exporter, found, local_hub, sent
from benchmarks.processes import wait_until
from benchmarks.race import Result, measured, race
from benchmarks.relaying import relaying, route_of
from benchmarks.servers import empty_database
from devices.outbox.layouts import Subject, event_line
from integration.export.cursor import START, Stream, read_after
from integration.export.messages.packing import Message, cut, partition_of
from integration.export.sinks.event_hub.access import Access

PROMISE = 60.0
EVENTS, RACED, LINES = 100_000, 10_000, 50
ROUNDS = 3  # each takes seconds
ROUND_TRIP_MS = 10.0
HUB, CURSOR, LPE = "hes-lpe", "hub/bench/LPE", Label("LPE", 0)
TEXT = "Meter power failure"


def run(bench: Bench) -> Iterator[Result]:
    """First as it is in production, then against what the client can do at all."""
    with empty_database(), local_hub(bench.home, HUB, ROUND_TRIP_MS) as access:
        make_company()
        yield _by_service(bench, access)
    with empty_database(), local_hub(bench.home, HUB, ROUND_TRIP_MS) as access:
        make_company()
        yield _against_client(bench, access)


def _by_service(bench: Bench, access: Access) -> Result:
    batches = events_of(EVENTS)
    with exporter(bench.home, access, "hubs", CURSOR) as process:
        begin = perf_counter()
        store_all(batches, LPE)
        stored = perf_counter() - begin
        wait_until(lambda: sent(CURSOR) >= EVENTS, f"{EVENTS:,} events are sent", process)
        seconds = perf_counter() - begin
    lines = found(access, HUB)
    assert (len(lines), lines.total()) == (EVENTS, EVENTS), f"{len(lines)} messages in the hub"
    notes = {"s of storing": stored, "events per s": EVENTS / seconds}
    name = "100,000 single events to the hub, 10 ms"
    return measured(name, [seconds], "s", PROMISE, at_most=True, notes=notes)


def _against_client(bench: Bench, access: Access) -> Result:
    batches = events_of(RACED)
    store_all(batches, LPE)
    blocks = read_after(START, stream=Stream(COMPANY, LPE.kind))
    route = route_of(LPE.kind)
    messages = [message for block in blocks for message in cut(block, "bench", route.packing)]
    with relaying(access, route) as send, asyncio.Runner() as runner:
        send(RACED)
        client = access.producer(HUB, None)

        def by_relay() -> float:
            store_all(batches, LPE)
            return send(RACED)

        result = race(
            "single events against the client alone", by_relay,
            lambda: runner.run(_by_client(client, messages)),
            rounds=min(bench.rounds, ROUNDS), items=RACED,
        )  # fmt: skip
        runner.run(client.close())
    return result


async def _by_client(client: EventHubProducerClient, messages: Sequence[Message]) -> float:
    """Seconds of sending alone."""
    events = defaultdict[int, list[EventData]](list)
    for message in messages:
        events[partition_of(message.key, PARTITIONS)].append(_event(message))
    begin = perf_counter()
    flows = [_flow(client, str(partition), queue) for partition, queue in events.items()]
    await asyncio.gather(*flows)
    return perf_counter() - begin


async def _flow(client: EventHubProducerClient, partition: str, events: list[EventData]) -> None:
    batch = await client.create_batch(partition_id=partition)
    for event in events:
        try:
            batch.add(event)
        except ValueError:  # it is full
            await client.send_batch(batch)
            batch = await client.create_batch(partition_id=partition)
            batch.add(event)
    await client.send_batch(batch)


def _event(message: Message) -> EventData:
    event = EventData(message.body)
    event.message_id, event.content_type = message.dedup_id, message.content_type
    event.properties = dict(message.properties.items())
    return event


def events_of(count: int) -> list[Texts]:
    """The lines of so many events, 50 to a block, all of different meters."""
    now = datetime.now(UTC)
    lines = [(number, _line(number, now)) for number in range(1, count + 1)]
    batches = [lines[start : start + LINES] for start in range(0, count, LINES)]
    assert lines_of(batches) == count
    return batches


def _line(number: int, moment: datetime) -> str:
    about = Subject("C0001", f"UAAEEDN111{number:08d}", f"POD{number:08d}")
    return event_line(about, "3.26.17.185", moment, TEXT)
