"""Datagrams as the documents print them, and whatever else may arrive."""

import csv
import string
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocol.spontaneous import Kind, Message, Unparsed, decode, encode

PRINTED = (Path(__file__).parents[2] / "samples/last_gasp.csv").read_text().splitlines()
SAMPLES = [row for row in csv.DictReader(PRINTED) if row["source"] == "002"]
SERIAL = "21LVM50AE000816"
ON = bytes.fromhex(SAMPLES[0]["hex"])
NOW = 1_781_110_000

serials = st.text(string.ascii_uppercase + string.digits, min_size=15, max_size=15)
instants = st.integers(946_684_800, 4_102_444_799)  # the years 2000 to 2099
sequences = st.integers(0, 0xFFFF)
OF_PUSHES = {"deviation": st.none(), "is_proven": st.just(False)}
messages = st.one_of(
    st.builds(
        Message, st.sampled_from([Kind.CONCENTRATOR_OFF, Kind.CONCENTRATOR_ON]), serials, instants,
        mac=st.just(b""), address=st.just(""), sequence=sequences, **OF_PUSHES,
    ),
    st.builds(
        Message, st.sampled_from([Kind.METER_LOST, Kind.METER_BACK]), serials, instants,
        mac=st.binary(min_size=6, max_size=6), address=st.just(""), sequence=sequences, **OF_PUSHES,
    ),
    st.builds(
        Message, st.just(Kind.WAKE_UP), serials, instants, mac=st.just(b""),
        address=st.ip_addresses(v=4).map(str), sequence=sequences, **OF_PUSHES,
    ),
)  # fmt: skip


@pytest.mark.parametrize("row", SAMPLES, ids=lambda row: row["state"])
def test_the_printed_datagrams_say_what_the_report_says_and_rebuild(row):
    raw = bytes.fromhex(row["hex"])
    message = decode(raw)
    assert (message.kind, message.serial) == (row["state"], row["serial"])
    stamp = datetime.fromtimestamp(message.local, UTC)
    assert f"{stamp:%Y-%m-%d %H:%M:%S}" == row["device_time_local"]
    assert encode(message) == raw


@given(messages)
def test_what_is_encoded_is_decoded_again(message):
    assert decode(encode(message)) == message


def test_each_kind_has_the_length_of_the_profile():
    head = (SERIAL, NOW)
    sizes = {
        kind: len(encode(Message(kind, *head, mac=bytes(6), address="10.0.1.36")))
        for kind in Kind
        if kind is not Kind.METER_ALARM
    }
    assert sizes == {
        Kind.CONCENTRATOR_OFF: 30, Kind.CONCENTRATOR_ON: 30, Kind.METER_LOST: 36,
        Kind.METER_BACK: 36, Kind.WAKE_UP: 33,
    }  # fmt: skip


@given(st.binary(max_size=600))
def test_any_bytes_are_understood_or_kept_with_a_reason(raw):
    found = decode(raw)
    assert isinstance(found, Message) or (isinstance(found, Unparsed) and found.reason)


@given(messages, st.data())
def test_a_changed_byte_never_raises(message, data):
    raw = bytearray(encode(message))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(decode(bytes(raw)), Message | Unparsed)


@pytest.mark.parametrize("size", range(30))
def test_a_datagram_cut_short_is_not_understood(size):
    assert isinstance(decode(ON[:size]), Unparsed)


@pytest.mark.parametrize(
    ("place", "byte", "reason"),
    [
        (0, 2, "unknown family"), (1, 0x14, "unknown family"), (3, 0x19, "wrong length"),
        (7, 0x11, "unknown type"), (7, 0x13, "wrong length"), (8, 24, "impossible time"),
        (9, 60, "impossible time"), (11, 32, "impossible date"), (12, 0, "impossible date"),
        (14, 0xC3, "serial is no text"), (14, 0x3B, "serial is no text"),
        (29, 3, "unknown state"),
    ],
)  # fmt: skip
def test_what_is_wrong_has_a_name(place, byte, reason):
    raw = bytearray(ON)
    raw[place] = byte
    assert decode(bytes(raw)) == Unparsed(reason)


@pytest.mark.parametrize("size", [513, 1_472, 65_507])
def test_a_datagram_of_any_size_is_taken(size):
    assert decode(ON.ljust(size, b"\x00")) == Unparsed("too long")


def test_the_thirtieth_of_february_is_impossible_and_the_year_2000_is_a_date():
    raw = bytearray(ON)
    raw[11:14] = bytes((30, 2, 21))
    assert decode(bytes(raw)) == Unparsed("impossible date")
    raw[11:14] = bytes((1, 1, 0))
    assert datetime.fromtimestamp(decode(bytes(raw)).local, UTC).year == 2000


def test_the_sequence_does_not_tell_messages_apart():
    message = decode(ON)
    assert message._replace(sequence=7).same == message.same
    assert message._replace(kind=Kind.CONCENTRATOR_OFF).same != message.same


@pytest.mark.parametrize(
    ("change", "cure"),
    [({"serial": "SHORT"}, "room for 15"), ({"mac": b"1"}, "6 bytes"), ({"local": 0}, "2000")],
)
def test_what_no_datagram_holds_is_refused(change, cure):
    message = Message(Kind.METER_LOST, SERIAL, NOW, mac=bytes(6))
    with pytest.raises(ValueError, match=cure):
        encode(message._replace(**change))


def test_an_alarm_is_said_by_pushes_alone():
    with pytest.raises(ValueError, match="METER_ALARM"):
        encode(Message(Kind.METER_ALARM, SERIAL, NOW))
