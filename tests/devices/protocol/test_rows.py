import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.protocol import axdr
from devices.protocol.errors import GarbledError
from devices.protocol.rows import (
    BufferDecoder,
    array_header,
    compact_header,
    packed_shape,
    row_shape,
)
from devices.protocol.shapes import MAX_RUN
from tests.devices.protocol.strategies import scalars
from tests.devices.protocol.test_golden import FIRST_ROW, KEYED, MAC, NEXT_ROW, NOW


def decoded(raw: bytes, step: int = 1000, **limits) -> list[tuple]:
    decoder = BufferDecoder(**limits)
    rows = []
    for at in range(0, len(raw), step):
        for run in decoder.feed(raw[at : at + step]):
            assert 0 < len(run) <= MAX_RUN
            rows += run.rows()
    decoder.finish()
    return rows


rows_of_any_cells = st.integers(1, 5).flatmap(
    lambda width: st.lists(
        st.lists(scalars, min_size=width, max_size=width).map(tuple), max_size=30
    )
)


@given(rows_of_any_cells, st.integers(1, 64))
def test_rows_of_any_cells_are_read_however_the_blocks_are_cut(rows, step):
    assert decoded(axdr.encode(rows), step) == rows


@given(st.integers(1, 200), st.integers(1, 30), st.integers(20, 700))
@settings(max_examples=30)
def test_meters_with_compressed_keys_are_read_as_runs(meters, rows_each, step):
    body = (FIRST_ROW + NEXT_ROW * (rows_each - 1)) * meters
    got = decoded(array_header(meters * rows_each) + body, step, width=11)
    first = (420, MAC, 15, NOW, 8, 43, 5, *(None,) * 4)
    following = (*(None,) * 5, 45, 4, *(None,) * 4)
    assert got == ([first] + [following] * (rows_each - 1)) * meters


@given(st.integers(0, 300), st.integers(1, 500))
@settings(max_examples=30)
def test_a_compact_array_gives_the_same_rows(count, step):
    shape = packed_shape(KEYED)
    values = [420, MAC, 15, NOW, 8, 43, 5]
    body = b"".join(shape.pack([*values[:-1], n]) for n in range(count))
    raw = compact_header(shape.tags, len(body)) + body
    assert decoded(raw, step) == [(*values[:-1], n, *(None,) * 4) for n in range(count)]
    assert axdr.decode_all(raw) == decoded(raw)


def test_a_compact_array_may_hold_strings_of_several_lengths_and_nested_parts():
    body = b"\x01\x02AB\x02\x00\x03\x01\x7f"
    raw = compact_header((17, 9), len(body)) + body
    assert decoded(raw, 1) == [(1, b"AB"), (2, b""), (3, b"\x7f")]
    nested = bytes.fromhex("13 02 02 11 02 01 11 04 01 02 03 04".replace(" ", ""))
    assert decoded(nested, 1) == [(1, (2,)), (3, (4,))]


def test_runs_keep_columns_apart_and_null_columns_empty():
    decoder = BufferDecoder()
    keyed, plain_run = decoder.feed(array_header(3) + FIRST_ROW + NEXT_ROW * 2)
    assert keyed.columns()[1] == (MAC,)
    assert plain_run.tags == (0,) * 5 + (6, 6) + (0,) * 4
    assert plain_run.columns() == [None] * 5 + [(45, 45), (4, 4)] + [None] * 4


def test_a_run_never_has_more_than_two_thousand_rows():
    raw = array_header(5000) + NEXT_ROW * 5000
    assert [len(run) for run in BufferDecoder().feed(raw)] == [2000, 2000, 1000]


def test_rows_with_lists_inside_are_gathered_as_they_are():
    rows = [(b"mac", [(axdr.U8(1), axdr.U8(2))]), (b"other", [])] * 3
    (run,) = BufferDecoder().feed(axdr.encode(rows))
    assert (run.tags, run.values) == ((), rows)
    assert run.columns()[0] == (b"mac", b"other") * 3


def test_many_layouts_in_one_answer_do_not_cost_a_pattern_each():
    rows = [(bytes(n), axdr.U8(1)) for n in range(300)]
    assert decoded(axdr.encode(rows)) == rows


@pytest.mark.parametrize(
    "raw",
    [
        array_header(200_001),
        array_header(2) + NEXT_ROW * 3,
        array_header(1) + b"\x01\x00",
        array_header(1) + b"\x02\x00",
        array_header(1) + b"\x02\x01\xfe",
        array_header(1) + b"\x02\x01\x09\x84\x7f\xff\xff\xff",
        axdr.encode(axdr.U8(1)),
        compact_header((0, 0), 5) + bytes(5),
        b"\x13\x06\x04" + bytes(4),
        compact_header((17,), 2) + bytes(3),
        b"\x13\x02\x01\x01\xff\xff\x11",
        array_header(1) + b"\x02\x01\x0a" + b"\x83\x00\xff\xff" + bytes(140_000),
    ],
    ids=[
        "count", "more", "array row", "no cells", "tag", "long cell", "no buffer", "nulls",
        "no rows", "bytes left", "cells", "endless",
    ],
)  # fmt: skip
def test_a_buffer_that_breaks_a_rule_is_garbled(raw):
    with pytest.raises(GarbledError):
        decoded(raw)


def test_too_many_packed_rows_and_rows_of_another_width_are_garbled():
    body = compact_header((17,), 11) + bytes(11)
    assert len(decoded(body, max_rows=11)) == 11
    with pytest.raises(GarbledError, match="more than 10"):
        decoded(body, max_rows=10)
    with pytest.raises(GarbledError, match="11 cells instead of 10"):
        decoded(array_header(1) + NEXT_ROW, width=10)


@pytest.mark.parametrize("cut", [0, 1, 3, 20, 60])
def test_a_buffer_that_ends_early_is_garbled_at_its_end(cut):
    with pytest.raises(GarbledError, match="ends before"):
        decoded((array_header(2) + FIRST_ROW + NEXT_ROW)[:cut])


@given(st.binary(max_size=300), st.integers(1, 50))
def test_random_bytes_give_rows_or_garbled(raw, step):
    for start in (b"", b"\x01\x05", b"\x13\x02\x02\x06\x11\x10"):
        try:
            decoded(start + raw, step)
        except GarbledError:
            continue


def test_a_shape_writes_what_it_reads():
    shape = row_shape(((22, 0), (9, 3), (25, 0), (3, 0)))
    row = shape.pack([5, b"abc", NOW, True])
    expected = (axdr.Enum(5), b"abc", axdr.DateTime(NOW), True)
    assert row == axdr.encode(expected)
    assert decoded(array_header(1) + row) == [expected]
