"""Batches become rows of the raw journal."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from devices.partitions import ensure
from hes.lib.copy_binary import copy_binary
from listeners.batches import COLUMNS, HEAD, KEPT, Batch, single
from listeners.models import Datagram

sizes = st.integers(0, HEAD)
sources = st.binary(min_size=14, max_size=14).map(lambda name: b"\x02\0" + name)
NOON = datetime(2026, 6, 10, 12, 0, 0, 123456, tzinfo=UTC)
MICROSECONDS = int(NOON.timestamp()) * 1_000_000 + 123456


@pytest.mark.django_db
@pytest.mark.parametrize("size", [0, 1, 30, 64, 65, KEPT, 65_507])
def test_a_row_says_what_came_from_where_and_when(size):
    raw = bytes(number % 256 for number in range(min(size, KEPT)))
    batch = single(raw, size, ("10.1.2.3", 40_001), 58_693, MICROSECONDS)
    ensure("datagram", NOON.date(), NOON.date())
    with connection.cursor() as cursor:
        copy_binary(cursor, "datagram", COLUMNS, [batch.rows()])
    row = Datagram.objects.get()
    assert (row.day, row.received_at) == (date(2026, 6, 10), NOON)
    assert (row.source, row.source_port, row.port) == ("10.1.2.3", 40_001, 58_693)
    assert (row.is_stream, row.size, bytes(row.raw)) == (True, size, raw)


@given(st.lists(st.tuples(st.binary(min_size=HEAD, max_size=HEAD), sources), min_size=1), sizes)
def test_rows_of_one_size_are_made_at_once_and_are_the_same(datagrams, size):
    heads, names = zip(*datagrams, strict=True)
    batch = Batch(MICROSECONDS, 58_693, [size] * len(heads), b"".join(names), b"".join(heads))
    assert batch.rows() == b"".join(batch._each())


def test_the_weight_counts_what_is_held():
    short = single(b"a", 1, ("10.1.2.3", 1), 1, 0)
    long = single(bytes(KEPT), 9000, ("10.1.2.3", 1), 1, 0)
    assert long.weight - short.weight == KEPT - 64
