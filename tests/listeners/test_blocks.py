"""Blocks on disk: whole, torn or damaged, and told apart."""

from io import BytesIO
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listeners.batches import single
from listeners.blocks import Block, DamagedBlock, TornBlock, block_of, packed, read

blocks = st.builds(
    Block,
    st.uuids(),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=300),
)
ONE = Block(UUID(int=7), 1, 2, 3, 4, b"some rows")


@given(st.lists(blocks, max_size=4))
def test_what_was_packed_is_read(some):
    file = BytesIO(b"".join(map(packed, some)))
    assert [read(file) for _ in some] == some
    assert read(file) is None


@pytest.mark.parametrize("length", range(1, len(packed(ONE))))
def test_a_file_that_ends_within_a_block_is_torn(length):
    with pytest.raises(TornBlock):
        read(BytesIO(packed(ONE)[:length]))


@pytest.mark.parametrize("place", range(len(packed(ONE))))
def test_no_byte_can_change_unseen(place):
    raw = bytearray(packed(ONE))
    raw[place] ^= 1
    with pytest.raises((DamagedBlock, TornBlock)):
        read(BytesIO(raw))


@given(st.binary(min_size=1, max_size=200))
def test_any_other_bytes_are_no_block(raw):
    with pytest.raises((DamagedBlock, TornBlock)):
        read(BytesIO(raw))


def test_a_block_is_made_of_batches_in_their_order():
    batches = [single(b"a", 1, ("10.0.0.1", 1), 1, 5), single(b"b", 1, ("10.0.0.1", 1), 1, 4)]
    block = block_of(UUID(int=1), 9, batches)
    assert (block.number, block.count, block.first_at, block.last_at) == (9, 2, 4, 5)
    assert block.rows == batches[0].rows() + batches[1].rows()
