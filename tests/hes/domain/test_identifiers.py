"""Identifiers as people and files write them; what a spreadsheet broke is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hes.domain import identifiers
from hes.domain.errors import BadValue

PARSERS = [
    identifiers.plain_text,
    identifiers.name,
    identifiers.serial_number,
    identifiers.mac_address,
    identifiers.lv_address,
    identifiers.secret_key,
    identifiers.flag,
    lambda text: identifiers.decimal_number(text, -90, 90),
]
BROKEN = ["8,29614E+11", "8.29614E+11", "8E+11", "-1,5e-7", "8,29614E11"]


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize(
    "parse",
    [
        *(identifiers.name, identifiers.serial_number),
        *(identifiers.mac_address, identifiers.lv_address),
    ],
)
def test_an_identifier_broken_by_a_spreadsheet_is_refused_with_the_cure(parse, text):
    with pytest.raises(BadValue, match="spreadsheet") as refusal:
        parse(text)
    assert "format the column as text" in refusal.value.advice


@pytest.mark.parametrize("text", ["860214013E12", "8600000001E5", "000000000E00"])
def test_an_address_that_only_looks_like_a_number_with_exponent_is_whole(text):
    assert identifiers.mac_address(text) == identifiers.lv_address(text) == bytes.fromhex(text)


@pytest.mark.parametrize("text", ["860e240e995a", "86:0E:24:0E:99:5A", " 86-0e-24-0e-99-5a "])
def test_a_mac_address_is_six_bytes_however_it_is_written(text):
    assert identifiers.mac_address(text) == bytes.fromhex("860E240E995A")


@pytest.mark.parametrize(
    "text", ["", "860E240E995", "860E240E995G", "860E240E995A00", "\u0663" * 12]
)
def test_anything_else_is_no_mac_address(text):
    with pytest.raises(BadValue):
        identifiers.mac_address(text)


def test_a_serial_number_is_kept_in_capitals_without_blanks_around():
    assert identifiers.serial_number(" uaaeedn11100000000 ") == "UAAEEDN11100000000"


@pytest.mark.parametrize("text", ["", "AB", "A" * 33, "A B C", "ABC;D", "ÄBC", "ABC\n1", "../etc"])
def test_anything_else_is_no_serial_number(text):
    with pytest.raises(BadValue):
        identifiers.serial_number(text)


@pytest.mark.parametrize(
    "text",
    ["a;b", 'a"b', "a\nb", "a\tb", "a\x00b", "a\x85b", "a\u2028b", "a\u202eb", "x" * 201],
)
def test_text_that_would_break_a_line_or_hide_its_meaning_is_refused(text):
    with pytest.raises(BadValue):
        identifiers.plain_text(text)


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|x", "-cmd|x", "=5"])
def test_text_that_a_spreadsheet_would_run_is_refused(text):
    with pytest.raises(BadValue, match="formula"):
        identifiers.plain_text(text)


@pytest.mark.parametrize("text", ["-33,45", "+5", "-", "Peñalolén 12", "a=b"])
def test_numbers_and_words_are_no_formulas(text):
    assert identifiers.plain_text(text) == text


@pytest.mark.parametrize("text", ["45,46373", "45.46373", " +45,46373 "])
def test_a_decimal_number_has_a_comma_or_a_point(text):
    assert identifiers.decimal_number(text, -90, 90) == Decimal("45.46373")


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "1e5", "1E309", "1.2.3", "1,2.3", "91", "\u0664\u0665", "0x10"]
)
def test_anything_else_is_no_decimal_number(text):
    with pytest.raises(BadValue):
        identifiers.decimal_number(text, -90, 90)


def test_a_key_is_sixteen_bytes_and_a_refused_one_is_never_repeated():
    assert identifiers.secret_key("00" * 16) == bytes(16)
    with pytest.raises(BadValue) as refusal:
        identifiers.secret_key("C0FFEE" * 5 + "C")
    assert "C0FFEE" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("TRUE", True), ("true", True), ("1", True), ("yes", True), ("FALSE", False), ("", False)],
)
def test_a_flag_is_true_or_false(text, value):
    assert identifiers.flag(text) is value


@given(st.text(max_size=60), st.sampled_from(PARSERS))
def test_any_text_gives_a_value_or_a_refusal_with_advice(text, parse):
    if refusal := refusal_of(parse, text):
        assert refusal.problem
        assert refusal.advice


def refusal_of(parse, text):
    try:
        parse(text)
    except BadValue as refusal:
        return refusal
    return None


@pytest.mark.parametrize("text", ["a;b", 'a"b', "a\nb", "a\rb", "a\x00b", "x" * 61])
def test_a_text_of_another_system_is_refused_with_its_source(text):
    with pytest.raises(BadValue, match=r"^correlation id "):
        identifiers.named_text("correlation id", text, 60)


@pytest.mark.parametrize("text", ["", "140962_7101936-CORTE_20210721100728", "Peñalolén 12"])
def test_a_plain_text_of_another_system_is_taken_as_it_is(text):
    assert identifiers.named_text("correlation id", text) == text
