"""Two processes that give meaning at once, one that dies in the middle, a cluster that changed."""

import threading
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from django.db import connection, transaction

from devices.protocol.spontaneous import Kind
from listeners import arrivals, cursors, meaning
from listeners.cursors import ForeignCluster
from listeners.meaning import NOTHING, Understood, understand
from listeners.models import ListenerCount, ListenerCursor, PowerChange
from tests.factories import fleets, spoken
from tests.factories.spoken import NOW, receive, said

pytestmark = pytest.mark.django_db(transaction=True)


def test_while_one_process_reads_the_other_does_nothing() -> None:
    spoken.concentrator()
    assert spoken.heard(b"first") == Understood(rejected=1)
    receive(said(Kind.CONCENTRATOR_OFF))
    with transaction.atomic(), connection.cursor() as cursor:
        assert cursors.take(cursor, meaning.READER) is not None
        found = in_thread(understand)
    assert (found, understand()) == (NOTHING, Understood(stored=1))


def test_many_at_once_give_every_datagram_one_meaning() -> None:
    owner = spoken.concentrator()
    fleets.meters(owner, 200)
    lost = Kind.METER_LOST
    receive(*[said(lost, mac=fleets.mac(number)) for number in range(1, 201)])
    threads = [threading.Thread(target=work_off) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    while understand(20) != NOTHING:
        pass
    assert sum(ListenerCount.objects.values_list("count", flat=True)) == 200
    assert len(fleets.lines("LPE")) == PowerChange.objects.count() == 200


def work_off() -> None:
    try:
        for _ in range(8):
            understand(20)
    finally:
        connection.close()


def in_thread(call: Any) -> Any:
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(call())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    return found[0]


def test_what_fails_before_its_commit_is_understood_again(monkeypatch: pytest.MonkeyPatch) -> None:
    spoken.concentrator()
    gasps = [said(Kind.CONCENTRATOR_OFF, NOW - n) for n in range(10)]
    receive(*gasps, at=NOW + 300)
    with monkeypatch.context() as patch:
        patch.setattr(cursors, "advance", failing)
        with pytest.raises(psycopg2.OperationalError):
            understand()
    assert (fleets.lines("LPE"), ListenerCount.objects.count()) == ([], 0)
    assert understand() == Understood(stored=10)  # none of them counts as said too often


def failing(*_: Any) -> None:
    raise psycopg2.OperationalError("the server is gone")


def test_a_row_of_an_open_transaction_is_read_when_it_is_committed() -> None:
    spoken.concentrator()
    settings = connection.get_connection_params()
    with closing(psycopg2.connect(**{k: settings[k] for k in ("host", "user", "dbname")})) as other:
        with other.cursor() as cursor:
            cursor.execute(
                "INSERT INTO datagram (day, received_at, source, source_port, port, size, raw)"
                " VALUES (current_date, now(), '10.2.0.7', 1, 2, 1, 'x')"
            )
        receive(said(Kind.CONCENTRATOR_OFF))  # a later xid that is committed first
        assert understand() == NOTHING
        other.commit()
    assert understand() == Understood(stored=1, rejected=1)


def test_a_place_of_another_cluster_is_refused() -> None:
    spoken.concentrator()
    ListenerCursor.objects.create(reader=meaning.READER, xid=10**9, system_identifier=1)
    with pytest.raises(ForeignCluster, match="belongs to another PostgreSQL cluster"):
        understand()


def test_a_batch_reads_the_journal_by_its_index_however_much_waits() -> None:
    spoken.concentrator()
    receive(*[b"x"] * 3000)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {arrivals._READ}", [0, 0, 100])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Incremental Sort" in plan
    assert "Index Scan" in plan
    assert not any(scan in plan for scan in ("Seq Scan", "Bitmap"))
