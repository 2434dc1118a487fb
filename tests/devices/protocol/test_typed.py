"""Typed JSON writes every COSEM value, and refuses everything else with place and cure."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocol.axdr import (
    F32,
    I8,
    U8,
    U16,
    BitString,
    DateTime,
    Enum,
    Utf8,
    Visible,
    decode_all,
    encode,
    typed,
)
from hes.domain.errors import BadValue
from tests.devices.protocol.strategies import values

WORDS = st.sampled_from(["u8", "i64", "octets", "array", "structure", "bits", "float32", "colour"])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS
JSON = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=10,
)


def _is_finite(value) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


@given(value=values.filter(_is_finite))
def test_a_value_comes_back_over_json_as_the_same_bytes(value):
    text = json.dumps(typed.written(value))
    again = typed.parse(json.loads(text), "value")
    assert encode(again) == encode(value)
    assert typed.written(again) == typed.written(value)


@given(strange=JSON)
def test_strange_json_is_a_value_or_is_refused_with_place_and_cure(strange):
    outcome = _parsed_or_refused(strange)
    if isinstance(outcome, BadValue):
        assert outcome.problem.startswith("steps[3].value")
        assert outcome.advice
    else:
        assert decode_all(encode(outcome)) == outcome


def _parsed_or_refused(strange):
    try:
        return typed.parse(strange, "steps[3].value")
    except BadValue as refused:
        return refused


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (None, None),
        ({"boolean": True}, True),
        ({"u16": 65_535}, U16(65_535)),
        ({"i8": -1}, I8(-1)),
        ({"enum": 4}, Enum(4)),
        ({"octets": "0a0B"}, b"\x0a\x0b"),
        ({"visible": "TD-1"}, Visible("TD-1")),
        ({"utf8": "ñ"}, Utf8("ñ")),
        ({"bits": "0101"}, BitString("0101")),
        ({"float32": 0.5}, F32(0.5)),
        ({"date_time": "07ea0906070000000000f000"}, DateTime.fromhex("07ea0906070000000000f000")),
        ({"array": [{"u8": 1}, {"u8": 2}]}, [U8(1), U8(2)]),
        ({"structure": [{"u8": 1}, None]}, (U8(1), None)),
    ],
)  # fmt: skip
def test_each_type_is_written_by_its_name(written, value):
    found = typed.parse(written, "value")
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("written", "place", "cure"),
    [
        (5, "value", "write {"),
        ({"u8": 1, "u16": 2}, "value", "write {"),
        ({"byte": 1}, "value", "use boolean"),
        ({"u8": 256}, "value", "its type can hold"),
        ({"u8": True}, "value", "without quotes"),
        ({"u8": "5"}, "value", "without quotes"),
        ({"boolean": 1}, "value", "true or false"),
        ({"octets": "0A0"}, "value", "hexadecimal"),
        ({"octets": "00" * 5_000}, "value", "at most 4096"),
        ({"bits": "012"}, "value", "0 and 1"),
        ({"visible": "€"}, "value", "its type can hold"),
        ({"date": "0102"}, "value", "its type can hold"),
        ({"float64": float("nan")}, "value", "finite"),
        ({"float64": 10**400}, "value", "finite"),
        ({"float32": 1e300}, "value", "its type can hold"),
        ({"structure": {"u8": 1}}, "value", "as a list"),
        ({"structure": [{"u8": 1}, {"u8": "x"}]}, "value[1]", "without quotes"),
        ({"utf8": "\ud800"}, "value", "its type can hold"),
    ],
)
def test_a_bad_value_is_refused_by_its_place(written, place, cure):
    with pytest.raises(BadValue) as refused:
        typed.parse(written, "value")
    assert refused.value.problem.startswith(f"{place}:")
    assert cure in refused.value.advice


def test_nesting_is_bounded():
    deep = {"u8": 1}
    for _ in range(9):
        deep = {"array": [deep]}
    with pytest.raises(BadValue, match="nested too deep"):
        typed.parse(deep, "value")
