"""The unmodified SDK sends."""

import asyncio

import pytest
from azure.eventhub import EventData, EventHubProducerClient

from tests.factories.processes import wait_until
from tests.integration.eventhub_local.sdk import consuming, producing, send, send_all


def reading(body: bytes = b"S;1\n") -> EventData:
    event = EventData(body)
    event.properties = {"kind": "S", "lines": 3}
    event.content_type = "text/csv"
    event.message_id = "block:0+3"
    return event


async def test_all_of_a_message_reaches_disk_and_consumer(hub, name):
    async with consuming(hub, name) as received:
        await send_all(hub, name, reading(), partition_key="meter-7")
        await received.count(1)
    (stored,) = hub.read(name)
    ((partition, event),) = received.events
    assert stored.body == b"".join(event.body) == b"S;1\n"
    assert stored.properties == {"kind": "S", "lines": 3}
    assert event.properties == {b"kind": b"S", b"lines": 3}
    assert stored.content_type == event.content_type == "text/csv"
    assert stored.message_id == event.message_id == "block:0+3"
    assert stored.partition_key == event.partition_key.decode() == "meter-7"
    assert (str(stored.partition), stored.sequence) == (partition, event.sequence_number)
    assert event.offset != str(event.sequence_number)
    assert event.enqueued_time is not None


async def test_one_partition_key_stays_in_one_partition_in_order(hub, name):
    async with producing(hub, name) as client:
        for number in range(6):
            await send(client, b"%d" % number, partition_key="meter-7")
    stored = hub.read(name)
    assert len({message.partition for message in stored}) == 1
    assert [message.body for message in stored] == [b"%d" % number for number in range(6)]


async def test_batches_without_a_key_go_round_and_a_named_partition_is_kept(hub, name):
    async with producing(hub, name) as client:
        for _ in range(2):
            await send(client, b"anywhere")
        for _ in range(3):
            await send(client, b"there", partition_id="1")
    there = [message.partition for message in hub.read(name) if message.body == b"there"]
    anywhere = {message.partition for message in hub.read(name) if message.body == b"anywhere"}
    assert there == [1, 1, 1]
    assert anywhere == {0, 1}


async def test_a_full_batch_is_stored_whole(hub, name):
    async with producing(hub, name) as client:
        batch = await client.create_batch(partition_id="0")
        assert batch.max_size_in_bytes == 1 << 20
        for _ in range(104):
            batch.add(EventData(b"x" * 9_999))
        with pytest.raises(ValueError, match="size limit"):
            batch.add(EventData(b"x" * 9_999))
        await client.send_batch(batch)
        assert [len(message.body) for message in hub.read(name)] == [9_999] * 104


async def test_the_sync_client_sends_and_asks(hub, name):
    client = EventHubProducerClient.from_connection_string(
        hub.connection_string, eventhub_name=name, retry_total=0
    )
    with client:
        batch = client.create_batch(partition_id="1")
        batch.add(reading())
        client.send_batch(batch)
        assert client.get_partition_ids() == ["0", "1"]
    assert [message.partition for message in hub.read(name)] == [1]


async def test_management_tells_what_a_hub_and_a_partition_are(hub, name):
    async with producing(hub, name) as client:
        await send(client, b"a", b"b", partition_id="1")
        about = await client.get_eventhub_properties()
        assert about["eventhub_name"] == name
        assert about["partition_ids"] == ["0", "1"]
        filled = await client.get_partition_properties("1")
        empty = await client.get_partition_properties("0")
    assert (filled["beginning_sequence_number"], filled["last_enqueued_sequence_number"]) == (0, 1)
    assert int(filled["last_enqueued_offset"]) > 1
    assert not filled["is_empty"]
    assert (empty["last_enqueued_sequence_number"], empty["is_empty"]) == (-1, True)


async def test_a_silent_client_is_kept_awake_by_empty_frames(hub, name):
    async with producing(hub, name, idle_timeout=0.4, keep_alive=0.1) as client:
        await send(client, b"a", partition_id="0")
        await asyncio.sleep(0.7)
        await send(client, b"b", partition_id="0")
    wait_until(lambda: len(hub.read(name)) == 2)
