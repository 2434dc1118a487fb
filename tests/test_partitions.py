"""New partitions appear beside long readers and recorders, and inherit everything."""

import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta

import psycopg2
import pytest
from django.db import connection

from devices.partitions import ensure
from tests.factories.processes import wait_until

FAR = date(2031, 3, 1)
pytestmark = pytest.mark.django_db(transaction=True)


def _made(table: str, day: date, results: list[int]) -> None:
    try:
        results.append(ensure(table, day, day))
    finally:
        connection.close()


@pytest.mark.parametrize(
    "table",
    [
        "export_block",
        "slot_ledger",
        "end_device_event",
        "slot",
        "visit",
        "datagram",
        "power_change",
        "spontaneous_message",
        "suspect_message",
    ],
)  # fmt: skip
def test_a_long_reader_keeps_no_partition_from_being_made(table: str) -> None:
    day = FAR + timedelta(days=40 * len(table))
    results: list[int] = []
    with closing(psycopg2.connect(os.environ["DATABASE_URL"])) as reader, reader.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # its transaction stays open
        maker = threading.Thread(target=_made, args=(table, day, results))
        maker.start()
        maker.join(10)
        assert results == [1]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, c.reloptions, p.reloptions FROM pg_inherits i"
            " JOIN pg_class c ON c.oid = i.inhrelid, LATERAL (SELECT * FROM pg_class older"
            " JOIN pg_inherits o ON o.inhrelid = older.oid WHERE o.inhparent = i.inhparent"
            " AND older.oid <> c.oid LIMIT 1) p WHERE i.inhparent = %s::regclass"
            " AND c.relname ~ %s",
            [table, day.strftime("%Y%m")],
        )
        [(_, options, older)] = cursor.fetchall()
    assert options == older


MAKE = "SELECT hes_partitions('datagram', %s, %s)"
_WAITS = """
SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_WAITS)
        return bool(cursor.fetchone()[0])


@contextmanager
def _beside_another(day: date, results: list[int]) -> Iterator["psycopg2.extensions.connection"]:
    """A session that has made the partition, not yet committed; a second one waits behind it."""
    with closing(psycopg2.connect(os.environ["DATABASE_URL"])) as first:
        with first.cursor() as cursor:
            cursor.execute(MAKE, [day, day])
            assert cursor.fetchone() == (1,)
        second = threading.Thread(target=_made, args=("datagram", day, results))
        second.start()
        wait_until(_somebody_waits)
        yield first
        second.join(10)


def test_of_two_sessions_that_want_a_partition_at_once_the_second_finds_it() -> None:
    results: list[int] = []
    with _beside_another(FAR, results) as first:
        first.commit()
    assert results == [0]


def test_who_waited_for_one_that_gave_up_makes_it() -> None:
    results: list[int] = []
    with _beside_another(FAR + timedelta(days=1), results) as first:
        first.rollback()
    assert results == [1]
