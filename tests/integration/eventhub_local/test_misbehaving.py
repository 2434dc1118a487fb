"""The faults on demand, seen through the SDK."""

import asyncio
import time

import pytest
from azure.eventhub.exceptions import EventHubError

from tests.integration.eventhub_local.sdk import LEAVES_SOCKETS, producing, send

pytestmark = LEAVES_SOCKETS


def bodies(hub, name):
    return [message.body for message in hub.read(name)]


async def test_a_rejected_batch_is_not_stored_and_the_rest_flows(hub, name):
    hub.faults(reject="poison")
    async with producing(hub, name) as client:
        await send(client, b"a")
        with pytest.raises(EventHubError, match="not allowed"):
            await send(client, b"b", b"poison", b"c")
        await send(client, b"d")
    assert sorted(bodies(hub, name)) == [b"a", b"d"]


async def test_a_busy_hub_stores_nothing_until_it_is_no_longer_busy(hub, name):
    async with producing(hub, name) as client:
        await send(client, b"a")
        hub.faults(busy=True)
        with pytest.raises(EventHubError, match="server-busy"):
            await send(client, b"b")
        hub.faults()
        await send(client, b"c")
    assert sorted(bodies(hub, name)) == [b"a", b"c"]


async def test_a_stored_batch_without_acknowledgement_comes_twice_but_whole(hub, name):
    hub.faults(store_without_ack_every=2)
    sent = [b"%d" % number for number in range(3)]
    async with producing(hub, name) as client:
        for body in sent:
            try:
                await send(client, body, body, partition_id="0")
            except EventHubError:
                await send(client, body, body, partition_id="0")
    stored = bodies(hub, name)
    assert set(stored) == set(sent)
    assert len(stored) > 2 * len(sent)
    assert len(stored) % 2 == 0


async def test_a_round_trip_delays_each_link_and_not_all_of_them_together(hub, name):
    async with producing(hub, name) as client:
        for partition in ("0", "1"):
            await send(client, b"warm", partition_id=partition)
        hub.faults(round_trip_ms=500)
        began = time.monotonic()
        await asyncio.gather(*(send(client, b"x", partition_id=partition) for partition in "01"))
        assert 0.5 <= time.monotonic() - began < 0.98


async def test_a_slow_disk_delays_the_acknowledgement(hub, name):
    async with producing(hub, name) as client:
        await send(client, b"warm", partition_id="0")
        hub.faults(slow_store_ms=200)
        began = time.monotonic()
        await send(client, b"x", partition_id="0")
        assert time.monotonic() - began >= 0.2


async def test_a_frozen_hub_says_nothing_until_it_thaws(hub, name):
    async with producing(hub, name) as client:
        await send(client, b"before", partition_id="0")
        hub.freeze()
        try:
            sending = asyncio.create_task(send(client, b"frozen", partition_id="0"))
            done, _ = await asyncio.wait({sending}, timeout=0.5)
        finally:
            hub.thaw()
        assert not done
        await sending
    assert bodies(hub, name) == [b"before", b"frozen"]
