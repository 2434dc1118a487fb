"""The database threads of an engine."""

import asyncio
import threading
import time

import pytest
from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)

from workorders.threads import Caller, DatabaseThread, always

pytestmark = pytest.mark.django_db(transaction=True)
LOCK, TRY = "SELECT pg_advisory_xact_lock(7)", "SELECT pg_try_advisory_xact_lock(7)"


def held_too_long() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK)
        time.sleep(0.6)
        cursor.execute("SELECT 1")


def is_free() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(TRY)
        return cursor.fetchone()[0]


async def test_a_transaction_that_stands_still_loses_its_locks_and_the_thread_goes_on():
    thread = DatabaseThread("test", patience=0.2)
    try:
        with pytest.raises(OperationalError):
            await thread(held_too_long)
        assert await thread(is_free)
    finally:
        thread.close()


def cut_off() -> None:
    """What psycopg2 raises where an immediate stop of the server meets it in mid-answer."""
    connection.ensure_connection()
    raise DatabaseError("server closed the connection unexpectedly")


def refused() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT no_such_column")


async def test_a_session_that_was_cut_off_is_dropped_whatever_the_driver_calls_it():
    thread = DatabaseThread("test", patience=1)
    try:
        first = await thread(_session)
        with pytest.raises(OperationalError):
            await thread(cut_off)
        assert await thread(_session) != first
        with pytest.raises(ProgrammingError):
            await thread(refused)
        assert await thread(_session) == await thread(_session)
    finally:
        thread.close()


def lose_the_session_unseen() -> None:
    """As a release of a lock does that takes no notice of a session that is gone."""
    connection.ensure_connection()
    connection.connection.close()


async def test_a_session_lost_unseen_costs_the_next_call_and_none_after_it():
    thread = DatabaseThread("test", patience=1)
    try:
        first = await thread(_session)
        await thread(lose_the_session_unseen)
        with pytest.raises(InterfaceError):
            await thread(_session)
        assert await thread(_session) != first
    finally:
        thread.close()


def _session() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


async def test_calls_run_in_order_on_one_thread_of_their_own():
    thread = DatabaseThread("test", patience=1)
    try:
        names = {await thread(lambda: threading.current_thread().name) for _ in range(3)}
    finally:
        thread.close()
    assert len(names) == 1
    assert threading.current_thread().name not in names


class Line:
    """Calls that wait behind one that keeps the thread busy; `ran` is the order they ran in."""

    def __init__(self):
        self.ran: list[str] = []
        self.is_free, self.waiting = threading.Event(), []
        self.thread = DatabaseThread("test", patience=30)
        self.ask("busy", step=self.is_free.wait)

    def ask(self, name: str, is_urgent=lambda: False, step=lambda: None) -> asyncio.Task:
        def run() -> None:
            step()
            self.ran.append(name)

        self.waiting.append(asyncio.create_task(Caller(self.thread, is_urgent)(run)))
        return self.waiting[-1]

    async def runs(self) -> list[str]:
        await asyncio.sleep(0.1)  # all have asked, and the thread has begun the first
        self.is_free.set()
        await asyncio.gather(*self.waiting, return_exceptions=True)
        self.thread.close()
        return self.ran


async def test_urgent_calls_run_before_those_that_wait_longer_and_in_order_among_themselves():
    line = Line()
    for name, is_urgent in [("a", False), ("B", True), ("c", False), ("D", True)]:
        line.ask(name, lambda is_urgent=is_urgent: is_urgent)
    assert await line.runs() == ["busy", "B", "D", "a", "c"]


async def test_a_call_that_becomes_urgent_while_it_waits_goes_before_the_others():
    line, urgent = Line(), set()
    for name in "abc":
        line.ask(name, lambda name=name: name in urgent)
    await asyncio.sleep(0.1)
    urgent.add("c")
    assert await line.runs() == ["busy", "c", "a", "b"]


async def test_a_call_that_nobody_waits_for_any_more_is_not_run():
    line = Line()
    given_up = line.ask("a", always)
    line.ask("b")
    await asyncio.sleep(0.1)
    given_up.cancel()
    assert await line.runs() == ["busy", "b"]


async def test_an_error_reaches_the_caller_and_the_next_call_runs():
    line = Line()
    failing = line.ask("a", step=lambda: 1 / 0)
    line.ask("b")
    assert await line.runs() == ["busy", "b"]
    assert isinstance(failing.exception(), ZeroDivisionError)
