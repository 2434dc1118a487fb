"""Visits read on only while there is room for what they bring."""

import asyncio

from devices.drivers.base import Batch
from tests.factories import fleets
from workorders.room import Room, weight

BATCH = Batch((fleets.run(count=10),), frozenset())


def test_a_batch_weighs_by_its_lines():
    assert weight(BATCH) == 10 * 40 + 250


async def test_a_full_room_opens_when_something_is_recorded():
    room = Room(limit=weight(BATCH) + 1)
    with room.holding() as first, room.holding() as second:
        first.add(BATCH)
        await asyncio.wait_for(room.enter(), 1)
        assert not room.is_full
        second.add(BATCH)
        assert room.is_full
        entering = asyncio.create_task(room.enter())
        await asyncio.sleep(0)
        assert not entering.done()
        first.drop(BATCH)
        await asyncio.wait_for(entering, 1)
    assert room.held == 0


async def test_what_a_broken_visit_held_is_free_again():
    room = Room(limit=1)
    try:
        with room.holding() as held:
            held.add(BATCH)
            raise ConnectionError
    except ConnectionError:
        pass
    assert room.held == 0
    await asyncio.wait_for(room.enter(), 1)
