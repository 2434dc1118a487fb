"""The unmodified SDK receives: positions, groups, epochs, limits."""

import asyncio
import threading
from datetime import timedelta

import pytest
from azure.eventhub import EventHubConsumerClient
from azure.eventhub._utils import get_last_enqueued_event_properties
from azure.eventhub.exceptions import EventHubError

from tests.integration.eventhub_local.sdk import GROUP, consuming, producing, send, send_all


@pytest.fixture
async def filled(hub, name):
    """A hub with a, b, c, d in partition 0."""
    await send_all(hub, name, b"a", b"b", b"c", b"d", partition_id="0")
    return name


async def test_reading_begins_at_offset_sequence_number_and_time(hub, name):
    async with producing(hub, name) as client:
        await send(client, b"a", partition_id="0")
        await asyncio.sleep(0.01)
        await send(client, b"b", partition_id="0")
        second = await client.get_partition_properties("0")
        await send(client, b"c", b"d", partition_id="0")
    moment = second["last_enqueued_time_utc"]
    cases = [
        (second["last_enqueued_offset"], False, [b"c", b"d"]),
        (second["last_enqueued_offset"], True, [b"b", b"c", b"d"]),
        (second["last_enqueued_sequence_number"], False, [b"c", b"d"]),
        (second["last_enqueued_sequence_number"], True, [b"b", b"c", b"d"]),
        (moment, False, [b"c", b"d"]),
        (moment - timedelta(milliseconds=1), False, [b"b", b"c", b"d"]),
    ]

    async def read(position, inclusive, expected):
        start = {"starting_position": position, "starting_position_inclusive": inclusive}
        async with consuming(
            hub, name, group=f"{position}{inclusive}"[-20:], partition_id="0", **start
        ) as received:
            assert await received.count(len(expected)) == expected

    await asyncio.gather(*(read(*case) for case in cases))


async def test_latest_is_what_comes_from_now_on(hub, filled):
    async with consuming(hub, filled, partition_id="0", starting_position="@latest") as received:
        await asyncio.sleep(1.2)  # until the link stands
        await send_all(hub, filled, b"new", partition_id="0")
        assert await received.count(1) == [b"new"]


async def test_many_messages_and_long_ones_arrive_once_and_in_order(hub, name):
    bodies = [b"%d" % number for number in range(1000)]
    bodies += [bytes(range(256)) * 4000]  # comes in many frames
    async with producing(hub, name) as client:
        await send(client, *bodies[:-1], partition_id="0")
        await send(client, bodies[-1], partition_id="0")
    async with consuming(
        hub, name, partition_id="0", prefetch=50, track_last_enqueued_event_properties=True
    ) as received:
        assert await received.count(1001) == bodies
    told = get_last_enqueued_event_properties(received.events[0][1])
    assert told["sequence_number"] == 1000
    assert told["offset"] == received.events[-1][1].offset


async def test_a_higher_epoch_takes_the_partition_and_a_lower_one_is_refused(hub, filled):
    async with consuming(hub, filled, partition_id="0", owner_level=1) as first:
        await first.count(4)
        async with consuming(hub, filled, partition_id="0", owner_level=2) as second:
            await second.count(4)
            await first.until(lambda: first.closed)
            async with consuming(hub, filled, partition_id="0", owner_level=1) as late:
                await late.until(lambda: late.faults)
                assert late.events == []
                assert "epoch 2" in str(late.faults[0])
    assert first.closed[0] == ("0", "OWNERSHIP_LOST")


async def test_five_read_a_partition_in_a_group_and_the_sixth_is_refused(hub, filled):
    async def read(number):
        async with consuming(hub, filled, partition_id="0") as received:
            await received.until(lambda: received.events or received.faults)
            waiting.discard(number)
            await received.until(lambda: not waiting)
            return bool(received.faults)

    waiting = set(range(6))
    refused = await asyncio.gather(*(read(number) for number in range(6)))
    assert sorted(refused) == [False] * 5 + [True]


def test_the_sync_client_receives(hub, name):
    asyncio.run(send_all(hub, name, b"a", b"b", partition_id="0"))
    client = EventHubConsumerClient.from_connection_string(
        hub.connection_string, GROUP, eventhub_name=name, retry_total=0
    )
    found, done = [], threading.Event()

    def on_event(_, event):
        found.append(b"".join(event.body))
        if len(found) == 2:
            done.set()

    receiver = threading.Thread(
        target=client.receive, args=(on_event,), kwargs={"starting_position": "-1"}
    )
    receiver.start()
    assert done.wait(15)
    client.close()
    receiver.join(15)
    assert found == [b"a", b"b"]


async def test_an_offset_that_is_none_is_refused(hub, filled):
    async with consuming(hub, filled, partition_id="0", starting_position="x") as received:
        await received.until(lambda: received.faults)
    assert isinstance(received.faults[0], EventHubError)
    assert "no offset" in str(received.faults[0])
