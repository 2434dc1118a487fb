"""For how many visits an engine has a place, and for which."""

import asyncio
from types import SimpleNamespace

import pytest

from workorders.places import Free, Places


def visit(lane: int) -> SimpleNamespace:
    return SimpleNamespace(claim=SimpleNamespace(concentrator=lane), is_called=False)


def places(common: int, kept: int, taken: int) -> Places:
    found = Places(common, kept)
    for lane in range(taken):
        found.take(visit(lane), task=None)
    return found


@pytest.mark.parametrize(
    ("taken", "at_most", "expected"),
    [
        (0, 50, Free(10, orders_only=False)),
        (0, 4, Free(4, orders_only=False)),
        (9, 50, Free(1, orders_only=False)),
        (10, 50, Free(3, orders_only=True)),
        (12, 50, Free(1, orders_only=True)),
        (13, 50, Free(0, orders_only=True)),
        (14, 50, Free(0, orders_only=True)),
    ],
)
def test_common_places_go_first_and_the_kept_ones_are_for_orders(taken, at_most, expected):
    assert places(10, 3, taken).free(at_most) == expected


def test_it_is_full_while_all_common_places_are_taken():
    assert [places(10, 3, taken).is_full for taken in (9, 10, 11)] == [False, True, True]


def test_a_visit_that_ended_late_does_not_take_the_place_of_the_next_on_its_lane():
    first, second = visit(7), visit(7)
    found = Places(2, 0)
    found.take(first, task=None)
    found.take(second, task=None)
    found.leave(first)
    assert found.lanes == [7]
    found.leave(second)
    assert found.lanes == []


def test_only_visits_under_way_are_called():
    one, other = visit(1), visit(2)
    found = Places(2, 0)
    found.take(one, task=None)
    found.take(other, task=None)
    found.call([2, 3])
    assert (one.is_called, other.is_called) == (False, True)


async def test_all_visits_are_asked_to_end():
    found = Places(2, 0)
    tasks = [asyncio.create_task(asyncio.sleep(60)) for _ in range(2)]
    for lane, task in enumerate(tasks):
        found.take(visit(lane), task)
    assert found.tasks == tasks
    found.cancel()
    await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)
