"""Blocks in PostgreSQL: each once, whatever was in doubt."""

import threading
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from django.db import Error, connection

from devices.partitions import ensure
from listeners.batches import single
from listeners.blocks import Block, block_of
from listeners.journal import Journal, Run, Sockets
from listeners.models import Datagram, ListenerRun
from tests.database import owner_cursor
from tests.factories.processes import wait_until

RUN = Run(UUID(int=1), "here", "127.0.0.1: 58693")
NOON = int(datetime(2026, 6, 10, 12, tzinfo=UTC).timestamp()) * 1_000_000


def _block(number: int, count: int = 1, at: int = NOON, run: UUID = RUN.uid) -> Block:
    text = str(number).encode()
    batches = [single(text, len(text), ("10.0.0.1", 1), 1, at) for _ in range(count)]
    return block_of(run, number, batches)


def _kept() -> list[bytes]:
    return [bytes(row.raw) for row in Datagram.objects.order_by("id")]


@pytest.mark.django_db
def test_a_block_is_written_once_however_often_it_is_asked():
    journal = Journal(RUN)
    journal.write([_block(1, 2)])
    journal.write([_block(1, 2), _block(2)])
    journal.write([_block(1, 2)])
    assert _kept() == [b"1", b"1", b"2"]
    run = ListenerRun.objects.get()
    assert (run.last_block, run.received) == (2, 3)


@pytest.mark.django_db
def test_the_blocks_of_an_earlier_run_count_for_it():
    earlier = UUID(int=9)
    Journal(RUN).write([_block(7, run=earlier), _block(1)])
    assert dict(ListenerRun.objects.values_list("uid", "last_block")) == {earlier: 7, RUN.uid: 1}
    assert ListenerRun.objects.get(uid=earlier).started_at == datetime(2026, 6, 10, 12, tzinfo=UTC)


@pytest.mark.django_db
def test_rows_of_a_day_without_a_partition_find_one():
    long_ago = int(datetime(2019, 1, 1, 23, 59, 59, tzinfo=UTC).timestamp()) * 1_000_000
    batches = [
        single(b"a", 1, ("10.0.0.1", 1), 1, moment) for moment in (long_ago, long_ago + 2_000_000)
    ]
    Journal(RUN).write([block_of(RUN.uid, 1, batches)])
    assert sorted(str(row.day) for row in Datagram.objects.all()) == ["2019-01-01", "2019-01-02"]


@pytest.mark.django_db
def test_a_run_tells_of_itself_beside_what_it_wrote():
    journal = Journal(RUN)
    journal.tell(Sockets(3, 1, 4096), spooled=12, oldest_at=NOON)
    journal.write([_block(1)])
    run = ListenerRun.objects.get()
    assert (run.host, run.ports) == (RUN.host, RUN.ports)
    assert (run.kernel_drops, run.refused, run.buffer, run.spooled) == (3, 1, 4096, 12)
    assert run.waiting_since == datetime(2026, 6, 10, 12, tzinfo=UTC)
    assert (run.last_block, run.received, run.ended_at) == (1, 1, None)
    journal.tell(Sockets(4, 1, 4096), spooled=0, oldest_at=None)
    journal.end()
    run.refresh_from_db()
    assert (run.kernel_drops, run.waiting_since, run.received) == (4, None, 1)
    assert run.ended_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_call_that_hangs_is_cut_and_the_next_one_works():
    journal, faults = Journal(RUN), []
    ensure("datagram", date(2026, 6, 10), date(2026, 6, 10))

    def write() -> None:
        try:
            journal.write([_block(1)])
        except Error as fault:
            faults.append(fault)
        journal.close()
        journal.write([_block(2)])
        journal.close()

    with owner_cursor(connection.settings_dict["NAME"]) as cursor:
        cursor.execute("BEGIN; LOCK TABLE datagram IN SHARE MODE")  # readers pass, writers wait
        writer = threading.Thread(target=write)
        writer.start()
        wait_until(_somebody_waits)
        journal.cut()
        wait_until(lambda: faults)
        cursor.execute("ROLLBACK")
        writer.join()
    assert _kept() == [b"2"]


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])
