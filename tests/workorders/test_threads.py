"""The database threads of an engine."""

import threading
import time

import pytest
from django.db import OperationalError, connection, transaction

from workorders.threads import DatabaseThread

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


async def test_calls_run_in_order_on_one_thread_of_their_own():
    thread = DatabaseThread("test", patience=1)
    try:
        names = {await thread(lambda: threading.current_thread().name) for _ in range(3)}
    finally:
        thread.close()
    assert len(names) == 1
    assert threading.current_thread().name not in names
