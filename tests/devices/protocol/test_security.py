import pickle

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from devices.protocol.errors import CipherError, CounterError, GarbledError, ProtocolError
from devices.protocol.security import Keys, Opener, Sealer, unwrap_key, wrap_key
from tests.devices.protocol.worlds import CLIENT_TITLE, KEYS, OTHER_KEYS, SERVER_TITLE

GET = b"\xc0\x01\xc1"


def sealer(*counters: int) -> Sealer:
    return Sealer(KEYS, CLIENT_TITLE, iter(counters).__next__)


@given(st.binary(max_size=300), st.integers(0, 2**32 - 1), st.booleans())
def test_what_is_sealed_opens_once(plain, counter, general):
    opener = Opener(KEYS, CLIENT_TITLE)
    sealed = sealer(counter).seal(GET + plain, general)
    assert opener.open(sealed) == GET + plain
    with pytest.raises(CounterError):
        opener.open(sealed)


def test_a_sealed_apdu_is_suite_zero_gcm_cut_to_twelve_bytes():
    ek, ak = bytes(range(16)), bytes(range(16, 32))
    gcm = AESGCM(ek).encrypt(CLIENT_TITLE + bytes([0, 0, 0, 9]), GET, b"\x30" + ak)
    expected = b"\xc8\x14\x30\x00\x00\x00\x09" + gcm[:-4]
    assert sealer(9).seal(GET) == expected


def test_the_greatest_counter_is_used_and_no_greater_one():
    assert sealer(2**32 - 1).seal(GET)[3:7] == b"\xff" * 4
    with pytest.raises(OverflowError):
        sealer(2**32).seal(GET)


@given(st.data())
def test_one_changed_bit_is_noticed(data):
    sealed = bytearray(sealer(9).seal(GET + b"value"))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(GarbledError):
        Opener(KEYS, CLIENT_TITLE).open(bytes(sealed))


def test_other_keys_and_other_titles_do_not_open():
    sealed = sealer(1).seal(GET)
    for opener in (Opener(OTHER_KEYS, CLIENT_TITLE), Opener(KEYS, SERVER_TITLE)):
        with pytest.raises(CipherError):
            opener.open(sealed)
        assert opener.counter == -1


def test_a_tag_around_another_service_is_garbled():
    with pytest.raises(GarbledError, match="another service"):
        Opener(KEYS, CLIENT_TITLE).open(b"\xcb" + sealer(1).seal(GET)[1:])


def test_a_signature_needs_a_fresh_counter():
    challenge = b"12345678"
    opener = Opener(KEYS, CLIENT_TITLE, 4)
    opener.open(sealer(6).seal(GET))
    assert opener.verify(sealer(5).sign(challenge), challenge)
    assert not opener.verify(sealer(5).sign(b"other"), challenge)
    assert not opener.verify(b"short", challenge)
    for used in (4, 6):
        with pytest.raises(CounterError):
            opener.verify(sealer(used).sign(challenge), challenge)
    assert opener.verify(sealer(6).sign(challenge), challenge, lenient=True)


def test_a_key_is_wrapped_as_rfc_3394_prints_it():
    master = bytes.fromhex("000102030405060708090A0B0C0D0E0F")
    key = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
    wrapped = bytes.fromhex("1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5")
    assert wrap_key(master, key) == wrapped
    assert unwrap_key(master, wrapped) == key
    for wrong in (wrapped[:-1] + b"\x00", wrapped[:-1], b""):
        with pytest.raises(CipherError):
            unwrap_key(master, wrong)


def test_keys_are_never_shown_nor_pickled():
    assert repr(KEYS) == "Keys(hidden)"
    assert str(KEYS) == "Keys(hidden)"
    with pytest.raises(TypeError):
        pickle.dumps(KEYS)


def test_keys_and_titles_have_their_sizes():
    with pytest.raises(ProtocolError, match="16"):
        Keys(b"short", bytes(16))
    with pytest.raises(ProtocolError, match="8"):
        Sealer(KEYS, b"short", int)
    with pytest.raises(GarbledError):
        Opener(KEYS, b"short")
