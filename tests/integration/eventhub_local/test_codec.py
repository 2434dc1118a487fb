"""The AMQP type system: what is encoded comes back the same, and no bytes break the decoder."""

import struct
import uuid
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.eventhub_local.codec import (
    DEEPEST,
    Array,
    Byte,
    Char,
    Described,
    Float,
    Int,
    Long,
    Short,
    Symbol,
    Timestamp,
    UByte,
    UInt,
    ULong,
    UShort,
    decode,
    encode,
    skip,
)
from integration.eventhub_local.errors import DecodeError


def unsigned(kind, bits):
    return st.integers(0, 2**bits - 1).map(kind)


def signed(kind, bits):
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1).map(kind)


INTEGERS = [
    unsigned(UByte, 8), unsigned(UShort, 16), unsigned(UInt, 32), unsigned(ULong, 64),
    signed(Byte, 8), signed(Short, 16), signed(Int, 32), signed(Long, 64), signed(Timestamp, 64),
]  # fmt: skip
SYMBOLS = st.text(st.characters(max_codepoint=127), max_size=300).map(Symbol)
TEXTS = st.text(max_size=300)
KEYS = st.one_of(st.booleans(), st.uuids(), st.binary(max_size=300), TEXTS, SYMBOLS, *INTEGERS)
SCALARS = st.one_of(
    st.none(),
    KEYS,
    st.floats(allow_nan=False),
    st.floats(allow_nan=False, width=32).map(Float),
    st.characters(exclude_categories=["Cs"]).map(Char),
)
ARRAYS = st.one_of(
    *(st.lists(kind, max_size=5).map(Array) for kind in [*INTEGERS, TEXTS, SYMBOLS, st.uuids()])
)
VALUES = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(KEYS, inner, max_size=4),
        st.builds(Described, unsigned(ULong, 64), inner),
    ),
    max_leaves=12,
)
thoroughly = settings(max_examples=200, deadline=timedelta(seconds=2))


def typed(value):
    """A value with the types spelled out, since UInt(1) == Long(1) == True."""
    if isinstance(value, dict):
        return dict, [(typed(key), typed(each)) for key, each in value.items()]
    if isinstance(value, list):
        return type(value), [typed(each) for each in value]
    if isinstance(value, Described):
        return Described, typed(value.descriptor), typed(value.value)
    return type(value), value


@thoroughly
@given(VALUES)
def test_what_is_encoded_is_decoded_the_same(value):
    encoded = encode(value)
    decoded, end = decode(encoded)
    assert typed(decoded) == typed(value)
    assert end == skip(encoded) == len(encoded)


@thoroughly
@given(VALUES, VALUES)
def test_a_value_ends_where_the_next_one_begins(first, second):
    encoded = encode(first) + encode(second)
    assert decode(encoded, skip(encoded))[0] == second


@thoroughly
@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_decode_error(data):
    for read in (decode, skip):
        with suppress(DecodeError):
            read(data)


@thoroughly
@given(VALUES, st.data())
def test_a_value_cut_short_is_a_decode_error(value, data):
    encoded = encode(value)
    cut = encoded[: data.draw(st.integers(0, len(encoded) - 1))]
    with pytest.raises(DecodeError):
        decode(cut)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\x40", None),
        (b"\x41", True),
        (b"\x56\x00", False),
        (b"\x43", 0),
        (b"\x44", 0),
        (b"\x45", []),
        (b"\x53\xff", 255),
        (b"\x55\xff", -1),
        (b"\x83\x00\x00\x01\x31\xdc\x7b\xd4\x00", 0x131DC7BD400),
        (b"\xa1\x05hello", "hello"),
        (b"\xa3\x03abc", "abc"),
        (b"\xa0\x02\x00\x01", b"\x00\x01"),
        (b"\xc0\x04\x02\x53\x07\x40", [7, None]),
        (b"\xc1\x05\x02\xa1\x01a\x41", {"a": True}),
        (b"\xe0\x07\x02\xa3\x01a\x02bc", ["a", "bc"]),
        (b"\x72" + struct.pack(">f", 1.5), 1.5),
        (b"\x98" + uuid.UUID(int=5).bytes, uuid.UUID(int=5)),
    ],
)
def test_all_the_short_forms_are_understood(data, value):
    assert decode(data) == (value, len(data))
    assert skip(data) == len(data)


def test_nesting_has_an_end():
    deep = b"\x45"
    for _ in range(DEEPEST + 1):
        deep = b"\xc0" + bytes((len(deep) + 1, 1)) + deep
    with pytest.raises(DecodeError, match="deep"):
        decode(deep)
    with pytest.raises(DecodeError, match="deep"):
        skip(b"\x00" * 1000)


def test_a_count_that_cannot_be_is_refused_before_anything_is_made():
    with pytest.raises(DecodeError, match="elements"):
        decode(b"\xf0" + struct.pack(">II", 8, 0xFFFFFFFF) + b"\x40\x00\x00\x00")


@pytest.mark.parametrize("value", [object(), {1, 2}, Array([Symbol("a"), "b"])])
def test_what_amqp_has_no_type_for_is_a_type_error(value):
    with pytest.raises(TypeError):
        encode(value)
