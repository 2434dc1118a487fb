"""The order of reading: what a cursor over `id` loses, ours does not."""

from contextlib import closing

import pytest
from django.db import DatabaseError, connection

from integration.export.cursor import (
    START,
    DamagedBlock,
    ForeignCluster,
    OwnershipLost,
    Position,
    advance,
    has_more,
    position_of,
    read_after,
    take_over,
)
from integration.models import SinkCursor
from tests.integration.export.writers import insert, lines, session, store

HORIZON = " AND xid < pg_snapshot_xmin(pg_current_snapshot())"


class IdCursor:
    """The cursor we do not use."""

    def __init__(self, condition=""):
        self._condition = condition
        self._last = 0

    def poll(self):
        with connection.cursor() as cursor:
            query = f"SELECT id FROM export_block WHERE id > %s{self._condition} ORDER BY id"
            cursor.execute(query, [self._last])
            found = [block_id for (block_id,) in cursor.fetchall()]
        self._last = max(found, default=self._last)
        return found


class OurCursor:
    def __init__(self):
        self._last = START

    def poll(self):
        found = [block.position for block in read_after(self._last)]
        self._last = max(found, default=self._last)
        return [position.block_id for position in found]


def _draw_xid(writer):
    with writer.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")


def smaller_id_commits_later(slow, quick, company, day, poll):
    ids = [insert(slow, company, day, lines(1))[1], insert(quick, company, day, lines(2))[1]]
    quick.commit()
    poll()
    slow.commit()
    return ids


def older_transaction_draws_the_larger_id(slow, quick, company, day, poll):
    _draw_xid(quick)
    ids = [insert(slow, company, day, lines(1))[1], insert(quick, company, day, lines(2))[1]]
    quick.commit()
    poll()
    slow.commit()
    return ids


INTERLEAVINGS = (smaller_id_commits_later, older_transaction_draws_the_larger_id)


def _lost(interleaving, reader, company, day):
    seen = []
    with session() as slow, session() as quick:
        ids = interleaving(slow, quick, company, day, lambda: seen.extend(reader.poll()))
    seen.extend(reader.poll())
    assert len(seen) == len(set(seen))
    return set(ids) - set(seen)


@pytest.mark.parametrize("interleaving", INTERLEAVINGS)
def test_a_cursor_over_id_loses_a_block_that_commits_late(company, today, interleaving):
    assert _lost(interleaving, IdCursor(), company, today)


def test_the_horizon_alone_does_not_save_a_cursor_over_id(company, today):
    interleaving = older_transaction_draws_the_larger_id
    assert _lost(interleaving, IdCursor(HORIZON), company, today)


@pytest.mark.parametrize("interleaving", INTERLEAVINGS)
def test_the_cursor_over_xid_and_id_loses_nothing(company, today, interleaving):
    assert not _lost(interleaving, OurCursor(), company, today)


def test_one_read_is_bounded_by_bytes_but_never_empty_handed(company, today):
    store(company, today, *(lines(n, 100) for n in range(10)))
    size = len(lines(0, 100))
    assert len(read_after(START, max_bytes=1)) == 1
    assert len(read_after(START, max_bytes=3 * size)) == 3
    assert len(read_after(START)) == 10


def test_blocks_come_in_order_with_their_lines(company, today):
    store(company, today, lines(1), lines(2, 500))
    first, second = read_after(START)
    assert first.position < second.position
    assert not first.is_compressed
    assert second.is_compressed
    assert second.text().decode() == lines(2, 500)


@pytest.mark.parametrize("body", ["no line end", "one;too;many\nhere\n"])
def test_a_block_that_does_not_hold_what_it_claims_is_refused(company, today, body):
    store(company, today, "two;lines\nhere;\n")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO export_block (kind, company_id, day, lines, size, is_compressed, body,"
            " devices, line_starts) VALUES ('S', 1, %s, 1, %s, false, %s, '{}', '{}')",
            [today, len(body), body.encode()],
        )
    good, bad = read_after(START)
    assert good.text()
    with pytest.raises(DamagedBlock, match="claims"):
        bad.text()


def test_a_new_owner_ends_the_rights_of_the_one_before(today):
    before = take_over("csv_files")
    advance(before, Position(7, 8))
    now = take_over("csv_files")
    assert position_of(now) == Position(7, 8)
    with pytest.raises(OwnershipLost):
        advance(before, Position(9, 9))
    assert position_of(now) == Position(7, 8)


def test_a_disabled_sink_moves_nowhere(today):
    owner = take_over("csv_files")
    SinkCursor.objects.update(is_enabled=False)
    with pytest.raises(OwnershipLost, match="disabled"):
        position_of(owner)


def test_a_position_of_another_cluster_is_refused_and_left_as_it_is(today):
    SinkCursor.objects.create(sink="csv_files", xid=5, system_identifier=42)
    with pytest.raises(ForeignCluster, match=r"belongs to the PostgreSQL cluster 42"):
        take_over("csv_files")
    assert SinkCursor.objects.get().xid == 5


def test_what_the_horizon_hides_counts_as_more(company, today):
    owner = take_over("csv_files")
    assert not has_more(START)
    with closing(connection.copy()) as other, other.cursor() as cursor:
        other.set_autocommit(False)
        cursor.execute("SELECT pg_current_xact_id()")
        store(company, today, lines(1))
        assert has_more(START)
        assert not read_after(position_of(owner))
        other.rollback()


def _tables_of_blocks():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 'export_block' UNION ALL SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'export_block'::regclass"
        )
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET body = 'mine'",
        "UPDATE {table} SET day = day",
        "DELETE FROM {table}",
        "TRUNCATE {table}",
        "DROP TABLE {table}",
        "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT (day, id) DO UPDATE SET lines = 1",
        "SELECT * FROM {table} FOR UPDATE",
        "ALTER TABLE export_block DETACH PARTITION {table}",
    ],
)
def test_the_application_can_alter_no_stored_block_neither_by_table_nor_by_partition(
    company, today, statement
):
    store(company, today, lines(1))
    tables = _tables_of_blocks()
    assert f"export_block_{today:%Y%m%d}" in tables
    for table in tables:
        with (
            pytest.raises(DatabaseError, match=r"permission denied|must be owner"),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement.format(table=table))
    (block,) = read_after(START)
    assert block.text().decode() == lines(1)
