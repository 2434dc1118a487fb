import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocol import axdr
from devices.protocol.errors import GarbledError, ProtocolError, TruncatedError
from tests.devices.protocol.strategies import values

EXAMPLES = [
    ("00", None),
    ("0301", True),
    ("05FFFFFFFF", axdr.I32(-1)),
    ("060000002A", axdr.U32(42)),
    ("0902ABCD", b"\xab\xcd"),
    ("0A0341424 3".replace(" ", ""), axdr.Visible("ABC")),
    ("0C02C3A9", axdr.Utf8("é")),
    ("0405A8", axdr.BitString("10101")),
    ("0D99", axdr.Bcd(0x99)),
    ("0F80", axdr.I8(-128)),
    ("10FF00", axdr.I16(-256)),
    ("11FF", axdr.U8(255)),
    ("12FFFF", axdr.U16(65535)),
    ("14FFFFFFFFFFFFFFFE", axdr.I64(-2)),
    ("15FFFFFFFFFFFFFFFF", axdr.U64(2**64 - 1)),
    ("1603", axdr.Enum(3)),
    ("173F800000", axdr.F32(1.0)),
    ("183FF0000000000000", axdr.F64(1.0)),
    ("19" + "07EA0B14050A0F000000B480", axdr.DateTime(bytes.fromhex("07EA0B14050A0F000000B480"))),
    ("1A07EA0B1405", axdr.Date(bytes.fromhex("07EA0B1405"))),
    ("1B0A0F0000", axdr.Time(bytes.fromhex("0A0F0000"))),
    ("0102110111 02".replace(" ", ""), [axdr.U8(1), axdr.U8(2)]),
    ("0202000300", (None, False)),
]


@pytest.mark.parametrize(("wire", "value"), EXAMPLES)
def test_each_type_is_read_and_written_as_the_standard_has_it(wire, value):
    raw = bytes.fromhex(wire)
    assert axdr.decode_all(raw) == value
    assert type(axdr.decode_all(raw)) is type(value)
    assert axdr.encode(value) == raw


@given(values)
def test_what_was_written_is_read_back(value):
    assert axdr.encode(axdr.decode_all(axdr.encode(value))) == axdr.encode(value)


@given(values, st.data())
def test_a_value_cut_anywhere_asks_for_more(value, data):
    raw = axdr.encode(value)
    cut = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(TruncatedError):
        axdr.decode(raw[:cut])


@given(st.binary(max_size=200))
def test_random_bytes_give_a_value_or_garbled(raw):
    with contextlib.suppress(GarbledError):
        axdr.decode_all(raw)


def test_a_compact_array_is_read_as_a_list():
    raw = bytes.fromhex("13 02 02 11 09 07 01 02 AAAA 02 01 BB".replace(" ", ""))
    assert axdr.decode_all(raw) == [(1, b"\xaa\xaa"), (2, b"\xbb")]


@pytest.mark.parametrize(
    "wire",
    [
        "0101" * 17 + "00",
        "01824E21",
        "0983010001",
        "13" + "01FFFF" * 3 + "00" + "0101",
        "13" + "00" + "0101",
        "1304",
        "FE",
        "0C01FF",
        "0985",
    ],
)
def test_limits_and_unknown_tags_are_garbled(wire):
    with pytest.raises(GarbledError):
        axdr.decode_all(bytes.fromhex(wire))


def test_sixteen_levels_are_allowed():
    axdr.decode_all(bytes.fromhex("0101" * 16 + "00"))


@pytest.mark.parametrize("value", [5, 1.5, "x", axdr.U8(256), axdr.Date(b"1"), bytes(65537)])
def test_a_value_without_a_fitting_wire_type_is_our_own_error(value):
    with pytest.raises(ProtocolError):
        axdr.encode(value)
