"""Blocks as sinks find them."""

import pytest
from django.db import connection, transaction

from devices.models import ExportBlock
from devices.outbox.blocks import (
    BLOCK_BYTES,
    BULK,
    CONCENTRATOR,
    SEPARATORS,
    Blocks,
    LineRefused,
    open_transaction,
    read_lines,
)
from devices.outbox.layouts import HEADERS
from tests.factories import fleets

pytestmark = pytest.mark.django_db


def store(blocks: Blocks) -> list[ExportBlock]:
    fleets.make_partitions()
    with transaction.atomic(), connection.cursor() as cursor:
        blocks.store(cursor, open_transaction(cursor).date())
    return list(ExportBlock.objects.order_by("id"))


def lines(kind: str, *names: str) -> str:
    """Lines of a kind with nothing but a name."""
    return "".join(f"{name}{';' * SEPARATORS[kind]}\n" for name in names)


def body(block: ExportBlock) -> bytes:
    return read_lines(block.body, block.is_compressed)


def test_lines_are_sorted_by_device_and_found_by_the_index() -> None:
    blocks = Blocks(7, 11)
    for device, names in ((3, ("c1", "c2")), (1, ("a1",)), (3, ("c3",)), (2, ("b1", "b2"))):
        assert blocks.add("S", -180, device, lines("S", *names)) == len(names)
    (block,) = store(blocks)
    assert body(block).decode() == lines("S", "a1", "b1", "b2", "c1", "c2", "c3")
    assert (block.devices, block.line_starts) == ([1, 2, 3], [0, 1, 3])
    assert (block.lines, block.size, block.is_compressed) == (6, 48, False)
    assert (block.company_id, block.concentrator_id, block.utc_offset) == (7, 11, -180)


def test_a_block_is_of_one_kind_and_offset() -> None:
    blocks = Blocks(7, None)
    for kind, offset in (("S", -240), ("S", -180), ("DC", -180), ("LPE", 0)):
        blocks.add(kind, offset, 1, lines(kind, "x"))
    found = [(block.kind, block.utc_offset) for block in store(blocks)]
    assert found == [("DC", -180), ("LPE", 0), ("S", -240), ("S", -180)]


def test_bulk_lines_are_cut_and_compressed() -> None:
    blocks = Blocks(7, 11)
    text = lines("S", *["x" * 94] * 96)
    for device in range(60):
        blocks.add("S", 0, device, text)
    stored = store(blocks)
    assert len(stored) > 1
    assert all(block.size <= BLOCK_BYTES and block.is_compressed for block in stored)
    assert b"".join(map(body, stored)) == text.encode() * 60
    assert sorted(device for block in stored for device in block.devices) == list(range(60))


def test_events_are_not_compressed() -> None:
    blocks = Blocks(7, 11)
    blocks.add("LPE", 0, 1, lines("LPE", *["x" * 90] * 96))
    (block,) = store(blocks)
    assert not block.is_compressed


def test_nothing_to_store_stores_nothing() -> None:
    assert store(Blocks(7, 11)) == []


def test_blocks_carry_the_day_of_the_database_clock_after_their_xid() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        moment = open_transaction(cursor)
        cursor.execute("SELECT now() < %s AND %s <= clock_timestamp()", [moment, moment])
        assert cursor.fetchone() == (True,)


TORN = {
    "a separator": "a;b",
    "a quote": 'a"b',
    "a line feed": "a\nb",
    "a carriage return": "a\rb",
}


@pytest.mark.parametrize("name", TORN.values(), ids=TORN.keys())
@pytest.mark.parametrize("kind", sorted(SEPARATORS))
def test_no_kind_takes_a_name_with(name: str, kind: str) -> None:
    blocks = Blocks(7, 11)
    with pytest.raises(LineRefused, match=f"^{kind} of meter 5, concentrator 11: mend its name"):
        blocks.add(kind, 0, 5, lines(kind, name, name))
    blocks.add(kind, 0, 6, lines(kind, "whole"))
    (block,) = store(blocks)
    assert block.devices == [6]


@pytest.mark.parametrize("text", ["", "no line feed", "TD;;;;;;;;;-\nmore\n"])
def test_what_is_no_line_is_refused(text: str) -> None:
    with pytest.raises(LineRefused, match="LPE of the concentrator itself"):
        Blocks(7, 11).add("LPE", 0, CONCENTRATOR, text)


def test_bulk_kinds_have_no_free_text_in_their_last_column() -> None:
    """What allows the guard to look at the first line of an entry only."""
    last = {kind: HEADERS[kind].split(";")[-1] for kind in BULK}
    assert set(last.values()) <= {"sampledate", "time"}
