"""From the commit of a block with one HPE line to the callback of a waiting subscriber (the
official asynchronous client): `hes export run` and a durable local hub in between, each in a
process of its own, one event about every 0.2 s.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from random import Random
from statistics import quantiles
from time import perf_counter

from azure.eventhub import EventData

from benchmarks.bench import Bench
from benchmarks.blocks import Label, make_company, store
from benchmarks.hubs import exporter, local_hub
from benchmarks.race import Result, measured
from benchmarks.servers import empty_database
from devices.outbox.layouts import Order, Subject, event_line
from integration.export.sinks.event_hub import reading
from integration.export.sinks.event_hub.access import Access
from workorders.threads import DatabaseThread

PROMISE = 1.0
EVENTS, METERS = 40, 17
FIRST_ONES = 16  # until every partition has its links
LEAST_PAUSE, MOST_PAUSE = 0.1, 0.3
PATIENCE = 60.0
HUB, HPE = "hes-hpe", Label("HPE", 0)
CORRELATION = 5  # the column


def run(bench: Bench) -> Iterator[Result]:
    """The seconds of each event are the values."""
    with empty_database(), local_hub(bench.home, HUB) as access:
        make_company()
        with exporter(bench.home, access, "hubs", "hub/bench/HPE"):
            seconds = asyncio.run(_seconds(access))
    notes = {"p95": quantiles(seconds, n=20)[-1], "events": len(seconds)}
    yield measured("HPE, commit to subscriber", seconds, "s", PROMISE, at_most=True, notes=notes)


async def _seconds(access: Access) -> list[float]:
    """Of each event, from its commit to our callback."""
    arrived: dict[int, float] = {}

    def take(event: EventData) -> None:
        number = int(event.body_as_str().split(";")[CORRELATION])
        arrived.setdefault(number, perf_counter())

    client = access.consumer(HUB)
    following = asyncio.create_task(reading.follow(client, reading.EARLIEST, take))
    try:
        committed = await _trickle(arrived)
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
    return [arrived[number] - moment for number, moment in committed.items()]


async def _trickle(arrived: dict[int, float]) -> dict[int, float]:
    """When each event was committed; the first ones, which open all links, are left out."""
    database, random = DatabaseThread("latency", PATIENCE), Random(1)  # noqa: S311 - only pauses
    committed: dict[int, float] = {}
    try:
        async with asyncio.timeout(PATIENCE):
            for number in range(FIRST_ONES + EVENTS):
                if number == FIRST_ONES:
                    await _all_in(arrived, number)
                await asyncio.sleep(random.uniform(LEAST_PAUSE, MOST_PAUSE))
                committed[number] = await database(_commit, number)
            await _all_in(arrived, FIRST_ONES + EVENTS)
    finally:
        database.close()
    return {number: moment for number, moment in committed.items() if number >= FIRST_ONES}


async def _all_in(arrived: dict[int, float], count: int) -> None:
    while len(arrived) < count:
        await asyncio.sleep(0.01)


def _commit(number: int) -> float:
    """The moment after."""
    meter = number % METERS
    about = Subject("C0001", f"UAAEEDN111{meter:08d}", f"POD{meter:08d}")
    order = Order(str(number), "TRUE", "100")
    line = event_line(about, "3.31.17.85", datetime.now(UTC), "OK", order)
    store([(meter + 1, line)], 1, HPE)
    return perf_counter()
