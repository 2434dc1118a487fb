"""Blocks as sinks find them."""

import pytest
from django.db import connection, transaction

from devices.models import ExportBlock
from devices.outbox.blocks import BLOCK_BYTES, Blocks, open_transaction, read_lines
from tests.factories import fleets

pytestmark = pytest.mark.django_db


def store(blocks: Blocks) -> list[ExportBlock]:
    fleets.make_partitions()
    with transaction.atomic(), connection.cursor() as cursor:
        blocks.store(cursor, open_transaction(cursor).date())
    return list(ExportBlock.objects.order_by("id"))


def body(block: ExportBlock) -> bytes:
    return read_lines(block.body, block.is_compressed)


def test_lines_are_sorted_by_device_and_found_by_the_index() -> None:
    blocks = Blocks(7, 11)
    for device, text in ((3, "c1\nc2\n"), (1, "a1\n"), (3, "c3\n"), (2, "b1\nb2\n")):
        assert blocks.add("S", -180, device, text) == text.count("\n")
    (block,) = store(blocks)
    assert body(block) == b"a1\nb1\nb2\nc1\nc2\nc3\n"
    assert (block.devices, block.line_starts) == ([1, 2, 3], [0, 1, 3])
    assert (block.lines, block.size, block.is_compressed) == (6, 18, False)
    assert (block.company_id, block.concentrator_id, block.utc_offset) == (7, 11, -180)


def test_a_block_is_of_one_kind_and_offset() -> None:
    blocks = Blocks(7, None)
    for kind, offset in (("S", -240), ("S", -180), ("DC", -180), ("LPE", 0)):
        blocks.add(kind, offset, 1, "x\n")
    found = [(block.kind, block.utc_offset) for block in store(blocks)]
    assert found == [("DC", -180), ("LPE", 0), ("S", -240), ("S", -180)]


def test_bulk_lines_are_cut_and_compressed() -> None:
    blocks = Blocks(7, 11)
    text = f"{'x' * 99}\n" * 96
    for device in range(60):
        blocks.add("S", 0, device, text)
    stored = store(blocks)
    assert len(stored) > 1
    assert all(block.size <= BLOCK_BYTES and block.is_compressed for block in stored)
    assert b"".join(map(body, stored)) == text.encode() * 60
    assert sorted(device for block in stored for device in block.devices) == list(range(60))


def test_events_are_not_compressed() -> None:
    blocks = Blocks(7, 11)
    blocks.add("LPE", 0, 1, f"{'x' * 99}\n" * 96)
    (block,) = store(blocks)
    assert not block.is_compressed


def test_nothing_to_store_stores_nothing() -> None:
    assert store(Blocks(7, 11)) == []


def test_blocks_carry_the_day_of_the_database_clock_after_their_xid() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        moment = open_transaction(cursor)
        cursor.execute("SELECT now() < %s AND %s <= clock_timestamp()", [moment, moment])
        assert cursor.fetchone() == (True,)
