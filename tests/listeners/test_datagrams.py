"""One door for all bytes: LG profile 1, pushes, and whatever else may arrive."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocol import spontaneous
from devices.protocol.pushes import LAST_GASP, Sealed, Told, wrapped
from devices.protocol.spontaneous import Kind, Message, Unparsed
from listeners.datagrams import decode

SAMPLES = Path(__file__).parents[1] / "samples/last_gasp.csv"
PRINTED = [
    row for row in csv.DictReader(SAMPLES.read_text().splitlines()) if row["source"] == "002"
]


@pytest.mark.parametrize("row", PRINTED, ids=lambda row: row["state"])
def test_the_printed_datagrams_are_understood(row: dict[str, str]) -> None:
    found = decode(bytes.fromhex(row["hex"]))
    assert isinstance(found, Message)
    assert (found.kind, found.serial) == (row["state"], row["serial"])
    assert spontaneous.encode(found).hex().upper() == row["hex"]


def test_a_push_comes_through_the_same_door() -> None:
    raw = wrapped(Told(LAST_GASP, b"", "UAAEEDN11200129684", 1).notification())
    found = decode(raw)
    assert isinstance(found, Message)
    assert found.kind is Kind.METER_LOST


def test_what_was_not_kept_whole_is_not_understood() -> None:
    raw = bytes.fromhex(PRINTED[0]["hex"])
    assert decode(raw, len(raw) + 1) == Unparsed("too long")
    assert decode(bytes(2048), 65_507) == Unparsed("too long")


@pytest.mark.parametrize("size", [0, 1, 2, 1_472, 2_048])
def test_any_size_is_kept_with_a_reason(size: int) -> None:
    for byte in (0, 1, 0x13, 0xFF):
        assert isinstance(decode(bytes([byte]) * size), Unparsed)


@given(st.sampled_from([b"", b"\x01\x13", b"\x00\x01"]), st.binary(max_size=600))
def test_nothing_raises(start: bytes, rest: bytes) -> None:
    found = decode(start + rest)
    assert isinstance(found, Message | Sealed) or found.reason


@given(st.binary(max_size=600))
def test_reasons_are_few_enough_to_be_counted_by(raw: bytes) -> None:
    found = decode(raw)
    if isinstance(found, Unparsed):
        assert len(found.reason) <= 40
        assert not any(letter.isdigit() for letter in found.reason)
