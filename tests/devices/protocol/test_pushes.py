"""Pushes: DataNotifications in their wrapper, plain and ciphered, ours and those of SMR 5.5."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocol import clock, pushes
from devices.protocol.apdu.notification import DataNotification, decode_data_notification
from devices.protocol.axdr import U32, Visible
from devices.protocol.errors import GarbledError
from devices.protocol.gateway import GatewayAddress
from devices.protocol.pushes import ALARM_PUSH, LAST_GASP, Sealed, Told, unseal, wrapped
from devices.protocol.security import Keys, Sealer
from devices.protocol.spontaneous import NO_STAMP, Kind, Message, Unparsed

SERIAL = "UAAEEDN11200129684"
NOON = 1_781_110_000
TITLE = b"MTR\x0e\x24\x0e\x99\x5a"
STAMP = clock.encode(NOON, 240)
GASP = Told(LAST_GASP, STAMP, SERIAL, 1).notification()

serials = st.text(string.ascii_uppercase + string.digits, min_size=3, max_size=32).filter(
    lambda text: len(text) not in (6, 12)  # told apart from a name and a clock by their sizes
)


def keys(byte: int = 1) -> Keys:
    return Keys(bytes([byte]) * 16, bytes([byte + 1]) * 16)


def sealed(apdu: bytes = GASP, counter: int = 7) -> bytes:
    return wrapped(apdu, Sealer(keys(), TITLE, lambda: counter))


def test_a_last_gasp_says_who_and_when() -> None:
    local = NOON - 240 * 60
    assert pushes.decode(wrapped(GASP)) == Message(Kind.METER_LOST, SERIAL, local, deviation=240)


@given(serials, st.integers(946_684_800, 4_102_444_799), st.integers(0, 2**32 - 1))
def test_what_is_pushed_is_understood_again(serial: str, at: int, word: int) -> None:
    raw = wrapped(Told(ALARM_PUSH, clock.encode(at, -120), serial, word).notification())
    found = pushes.decode(raw)
    assert found == Message(Kind.METER_ALARM, serial, at + 7200, deviation=-120)


def test_a_push_of_smr_names_its_setup_second_and_gives_no_clock() -> None:
    body = (b"KA6U0000000000017", LAST_GASP, U32(5))
    found = pushes.decode(wrapped(DataNotification(body).encode()))
    assert found == Message(Kind.METER_LOST, "KA6U0000000000017", NO_STAMP)


def test_the_time_of_the_notification_stands_for_a_missing_clock() -> None:
    body = (Visible(SERIAL), LAST_GASP)
    found = pushes.decode(wrapped(DataNotification(body, STAMP).encode()))
    assert isinstance(found, Message)
    assert (found.local, found.deviation) == (NOON - 240 * 60, 240)


def test_a_push_that_a_concentrator_hands_on_has_the_prefix_of_its_meter() -> None:
    node = GatewayAddress(bytes.fromhex("860E240E995A"))
    assert pushes.decode(wrapped(node.response(GASP))) == pushes.decode(wrapped(GASP))


def test_a_sealed_push_opens_under_the_keys_of_its_device_and_is_proven() -> None:
    found = pushes.decode(sealed())
    assert isinstance(found, Sealed)
    assert found.title == TITLE
    message = unseal(found, keys())
    assert isinstance(message, Message)
    assert (message.serial, message.is_proven) == (SERIAL, True)


def test_a_sealed_push_tells_nothing_under_other_keys() -> None:
    found = pushes.decode(sealed())
    assert isinstance(found, Sealed)
    assert unseal(found, keys(9)) == Unparsed("push does not open")


@given(st.data())
def test_a_changed_byte_of_a_sealed_push_is_noticed(data: st.DataObject) -> None:
    raw = bytearray(sealed())
    place = data.draw(st.integers(8, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    found = pushes.decode(bytes(raw))
    opened = unseal(found, keys()) if isinstance(found, Sealed) else found
    assert isinstance(opened, Unparsed)


@pytest.mark.parametrize("whole", [wrapped(GASP), sealed()], ids=["plain", "sealed"])
def test_a_push_cut_anywhere_is_not_understood(whole: bytes) -> None:
    for size in range(len(whole)):
        assert isinstance(pushes.decode(whole[:size]), Unparsed)
    assert isinstance(pushes.decode(whole + b"\x00"), Unparsed)


@given(st.binary(max_size=200))
def test_any_bytes_in_a_wrapper_are_understood_or_kept_with_a_reason(apdu: bytes) -> None:
    for start in (b"", b"\x0f\x00\x00\x00\x00\x00", b"\xdb\x08" + TITLE):
        found = pushes.decode(wrapped(start + apdu)) if start + apdu else Unparsed("empty")
        assert isinstance(found, Message | Sealed) or found.reason
        if isinstance(found, Sealed):
            assert isinstance(unseal(found, keys()), Unparsed)


@pytest.mark.parametrize(
    "body",
    [
        (LAST_GASP, STAMP),
        (LAST_GASP, STAMP, b"\xff\xfe\xfd"),
        (LAST_GASP, STAMP, b"A" * 33),
        [SERIAL.encode()],
        (SERIAL.encode(), [U32(1)]),
        tuple([SERIAL.encode()] * 9),
    ],
    ids=["no serial", "no text", "too long", "no structure", "nested", "too many parts"],
)
def test_a_body_of_another_shape_is_kept_with_a_reason(body: object) -> None:
    raw = wrapped(DataNotification(body).encode())  # type: ignore[arg-type]
    assert pushes.decode(raw) == Unparsed("push does not decode")


def test_other_services_are_no_push() -> None:
    assert pushes.decode(wrapped(bytes.fromhex("C401C10009"))) == Unparsed("no push")


@given(st.binary(max_size=60))
def test_a_notification_decodes_to_what_was_encoded_or_not_at_all(rest: bytes) -> None:
    try:
        found = decode_data_notification(b"\x0f" + rest)
    except GarbledError:
        return
    assert decode_data_notification(found.encode()) == found
