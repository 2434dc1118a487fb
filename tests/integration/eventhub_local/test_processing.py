"""The SDK's event processor: consumers that share partitions through a checkpoint store."""

from azure.eventhub.aio._eventprocessor.in_memory_checkpoint_store import InMemoryCheckpointStore

from tests.integration.eventhub_local.sdk import consuming, producing, send

QUICK = {"load_balancing_interval": 0.3, "partition_ownership_expiration_interval": 1.5}


async def fill(client, *bodies):
    for partition in ("0", "1"):
        batch = (body + partition.encode() for body in bodies)
        await send(client, *batch, partition_id=partition)


async def test_two_share_the_partitions_one_takes_over_and_nothing_is_read_again(hub, name):
    store = InMemoryCheckpointStore()
    options = {"store": store, "checkpoints": True, "client": QUICK}
    async with producing(hub, name) as client:
        await fill(client, b"a", b"b")
        async with consuming(hub, name, **options) as first:
            assert sorted(await first.count(4)) == [b"a0", b"a1", b"b0", b"b1"]
            async with consuming(hub, name, **options) as second:
                await first.until(lambda: first.closed)  # one of its two partitions was claimed
                await fill(client, b"c")
                await second.until(lambda: first.events[4:] and second.events)
                assert sorted(first.bodies[4:] + second.bodies) == [b"c0", b"c1"]
            await fill(client, b"d")
            await first.until(lambda: {b"d0", b"d1"} <= set(first.bodies))
        assert first.closed[0][1] == "OWNERSHIP_LOST"
        async with consuming(hub, name, **options) as restarted:
            await fill(client, b"e")
            assert sorted(await restarted.count(2)) == [b"e0", b"e1"]
