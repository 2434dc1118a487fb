import pytest
from hypothesis import given
from hypothesis import strategies as st

from hes.lib.crypto import (
    LocalKms,
    SealingKey,
    Unsealable,
    concentrator_keys,
    fingerprint,
    random_key,
)

KEY = bytes(range(32))


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_what_is_sealed_opens_in_its_place(value, context):
    key = SealingKey(KEY)
    assert key.open(key.seal(value, context), context) == value


@given(st.binary(max_size=64))
def test_random_bytes_never_open_and_never_raise_anything_else(sealed):
    with pytest.raises(Unsealable):
        SealingKey(KEY).open(sealed, b"place")


def test_a_sealed_value_moved_to_another_place_does_not_open():
    key = SealingKey(KEY)
    with pytest.raises(Unsealable):
        key.open(key.seal(b"secret", b"1|meter|1"), b"1|meter|2")


def test_the_same_value_is_never_sealed_to_the_same_bytes():
    key = SealingKey(KEY)
    assert key.seal(b"secret", b"") != key.seal(b"secret", b"")


def test_a_sealing_key_of_a_wrong_length_is_refused_without_showing_it():
    with pytest.raises(ValueError, match="32 bytes, not 5") as refusal:
        SealingKey(b"short")
    assert "short" not in str(refusal.value)


def test_a_wrapped_data_key_comes_back_only_under_its_master():
    data_key = random_key()
    wrapped = LocalKms(KEY).wrap(data_key)
    assert data_key not in wrapped
    assert LocalKms(KEY).unwrap(wrapped) == data_key
    with pytest.raises(Unsealable):
        LocalKms(random_key()).unwrap(wrapped)


def test_masters_have_names_that_differ_and_show_nothing():
    assert LocalKms(KEY).name == LocalKms(KEY).name != LocalKms(random_key()).name
    assert KEY.hex() not in repr(LocalKms(KEY))
    assert repr(KEY) not in repr(LocalKms(KEY))


def test_a_fingerprint_depends_on_key_and_value():
    assert fingerprint(KEY, b"a") == fingerprint(KEY, b"a")
    assert len({fingerprint(KEY, b"a"), fingerprint(KEY, b"b"), fingerprint(b"other", b"a")}) == 3


def test_the_pair_of_a_concentrator_follows_from_its_master_key_and_serial():
    """Fixed bytes: the simulated field derives the same pair by itself."""
    guek, gak = concentrator_keys(bytes(16), "20LVM50A10006010")
    assert (guek.hex(), gak.hex()) == (
        "78254789cce1e3947d314492b3aa0e2d",
        "d5b5369effb0fe3f2c4aaca28a4fe003",
    )
    assert concentrator_keys(bytes(16), "20LVM50A10006011") != (guek, gak)
