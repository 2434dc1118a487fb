"""The lock around one command: another session waits, the same one and other devices do not."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg2
import pytest

from workorders import command_lock
from workorders.threads import Caller, DatabaseThread

pytestmark = pytest.mark.django_db(transaction=True)
OF = command_lock.device(7, 1)


@pytest.fixture
def control() -> Iterator[Caller]:
    """A worker's session, which lives on when its visits are over."""
    thread = DatabaseThread("control", patience=5)
    yield Caller(thread)
    thread.close()


class Slow:
    """Stands in for a call to the database that takes until `go_on` is called."""

    def __init__(self, call: Callable[[int], object]) -> None:
        self._call, self._may_go_on, self._loop = (
            call,
            threading.Event(),
            asyncio.get_running_loop(),
        )
        self.begun = asyncio.Event()

    def __call__(self, of: int) -> object:
        self._loop.call_soon_threadsafe(self.begun.set)
        assert self._may_go_on.wait(10)
        return self._call(of)

    def go_on(self) -> None:
        self._may_go_on.set()


async def _hold(control: Caller, has_it: asyncio.Event, until: asyncio.Event) -> None:
    async with command_lock.held(control, OF) as is_ours:
        assert is_ours
        has_it.set()
        await until.wait()


def _other_has_it(of: int) -> bool:
    with closing(psycopg2.connect(os.environ["DATABASE_URL"])) as other, other.cursor() as cursor:
        cursor.execute("SELECT NOT pg_try_advisory_lock(%s, %s)", [command_lock._NAME, of])
        return bool(cursor.fetchone()[0])


def test_while_it_is_held_no_other_session_gets_it():
    assert command_lock.acquire(OF)
    assert _other_has_it(OF)
    assert not _other_has_it(command_lock.device(8, 1))
    command_lock.release(OF)
    assert not _other_has_it(OF)


def test_a_meter_and_the_concentrator_of_the_same_number_are_different_devices():
    assert command_lock.device(7, 7) != command_lock.device(None, 7)


async def test_a_visit_cancelled_while_it_asks_for_the_lock_does_not_leave_it_behind(
    control, monkeypatch
):
    """A worker that was frozen past its lease cancels its visits wherever they are, and lives."""
    slow = Slow(command_lock.acquire)
    monkeypatch.setattr(command_lock, "acquire", slow)
    visit = asyncio.create_task(_hold(control, asyncio.Event(), asyncio.Event()))
    await slow.begun.wait()
    await _cancelled(visit, slow)
    assert not await _is_left_behind(control)


async def test_nor_one_that_is_cancelled_while_it_gives_the_lock_back(control):
    has_it, until = asyncio.Event(), asyncio.Event()
    visit = asyncio.create_task(_hold(control, has_it, until))
    await has_it.wait()
    busy = Slow(lambda _: None)
    other = asyncio.create_task(control(busy, OF))
    await busy.begun.wait()
    until.set()
    await asyncio.sleep(0.05)  # the release waits for the thread
    await _cancelled(visit, busy)
    await other
    assert not await _is_left_behind(control)


async def test_a_lock_that_another_session_has_stays_with_it(control):
    other = DatabaseThread("another worker", patience=5)
    assert await other(command_lock.acquire, OF)
    async with command_lock.held(control, OF) as is_ours:
        assert not is_ours
    assert await control(_other_has_it, OF)
    other.close()


async def _cancelled(visit: asyncio.Task[None], slow: Slow) -> None:
    visit.cancel()
    await asyncio.sleep(0.05)
    slow.go_on()
    with pytest.raises(asyncio.CancelledError):
        await visit


async def _is_left_behind(control: Caller) -> bool:
    """Asked in turn behind all that the visit asked for."""
    await asyncio.sleep(0.05)
    return await control(_other_has_it, OF)
