"""What counts as hung: work that is under way and does not move."""

import asyncio
import threading

import pytest

from workorders.threads import DatabaseThread
from workorders.watchdog import LOOKS, Sign, Watchdog, turns_of


def looks_survived(sign: Sign, most: int = 3 * LOOKS) -> int:
    """How many looks pass before the watchdog calls the end; `most` when it does not."""
    ended: list[bool] = []
    watchdog = Watchdog({"work": sign}, 60, end=lambda: ended.append(True))
    for look in range(most):
        watchdog.look()
        if ended:
            return look
    return most


def test_what_stands_still_is_looked_at_several_times_before_the_end():
    assert looks_survived(lambda: 7) == LOOKS


def test_what_moves_or_rests_lives_on():
    numbers = iter(range(100))
    assert looks_survived(lambda: next(numbers) // (LOOKS - 1)) == 3 * LOOKS
    assert looks_survived(lambda: None) == 3 * LOOKS


def test_it_looks_by_itself_until_the_block_ends():
    ended = threading.Event()
    with Watchdog({"work": lambda: 7}, 0.1, end=ended.set):
        assert ended.wait(20)


async def test_a_loop_that_is_blocked_makes_no_turn():
    sign = turns_of(asyncio.get_running_loop())
    assert [sign(), sign(), sign()] == [0, 0, 0]
    await asyncio.sleep(0)
    assert sign() == 3


@pytest.mark.django_db(transaction=True)
async def test_a_database_thread_tells_what_is_under_way():
    thread = DatabaseThread("test", patience=30)
    try:
        assert thread.under_way is None
        told = [await thread(lambda: thread.under_way) for _ in range(2)]
        assert told == [1, 2]
        assert thread.under_way is None
    finally:
        thread.close()
