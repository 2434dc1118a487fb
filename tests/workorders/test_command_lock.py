"""The lock around one command: another session waits, the same one and other devices do not."""

import os
from contextlib import closing

import psycopg2
import pytest

from workorders import command_lock

pytestmark = pytest.mark.django_db(transaction=True)


def _other_has_it(of: int) -> bool:
    with closing(psycopg2.connect(os.environ["DATABASE_URL"])) as other, other.cursor() as cursor:
        cursor.execute("SELECT NOT pg_try_advisory_lock(%s, %s)", [command_lock._NAME, of])
        return bool(cursor.fetchone()[0])


def test_while_it_is_held_no_other_session_gets_it():
    of = command_lock.device(7, 1)
    assert command_lock.acquire(of)
    assert _other_has_it(of)
    assert not _other_has_it(command_lock.device(8, 1))
    command_lock.release(of)
    assert not _other_has_it(of)


def test_a_meter_and_the_concentrator_of_the_same_number_are_different_devices():
    assert command_lock.device(7, 7) != command_lock.device(None, 7)
