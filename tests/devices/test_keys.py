"""Keys at rest: sealed per row, versioned, a pair never used twice."""

import secrets
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import override_settings

from devices import keys
from devices.choices import Holder, SecretRole
from devices.models import DataKey, DeviceSecret
from hes.lib.crypto import Unsealable

pytestmark = pytest.mark.django_db
CANARY = bytes.fromhex("ca0a7c0ffee0ca0a7c0ffee0ca0a7c0f")


def pair(encryption=None):
    return {
        SecretRole.ENCRYPTION: encryption or secrets.token_bytes(16),
        SecretRole.AUTHENTICATION: secrets.token_bytes(16),
    }


def states(holder_id, role=SecretRole.ENCRYPTION):
    rows = DeviceSecret.objects.filter(holder_id=holder_id, role=role).order_by("version")
    return list(rows.values_list("version", "state"))


def test_what_is_stored_is_loaded_in_one_query(django_assert_num_queries):
    first, second = pair(), pair() | {SecretRole.MASTER: CANARY}
    keys.store(Holder.MODEL, 1, first, company_id=keys.NO_COMPANY)
    keys.store(Holder.MODEL, 2, second, company_id=keys.NO_COMPANY)
    with django_assert_num_queries(1):
        found = keys.load([(Holder.MODEL, 1), (Holder.MODEL, 2), (Holder.MODEL, 3)])
    assert found == {(Holder.MODEL, 1): first, (Holder.MODEL, 2): second}


def test_no_key_stands_in_clear_in_the_database_or_in_a_repr():
    values = pair(CANARY)
    keys.store(Holder.MODEL, 1, values, company_id=keys.NO_COMPANY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT device_secret::text FROM device_secret")
        assert CANARY.hex() not in repr(cursor.fetchall())
    assert repr(CANARY) not in repr(keys.DeviceKeys(0, Holder.MODEL, 1, values))


def test_replaced_keys_expire_and_the_new_version_is_the_active_one():
    keys.store(Holder.MODEL, 1, pair(), company_id=keys.NO_COMPANY)
    newer = pair()
    keys.store(Holder.MODEL, 1, newer, company_id=keys.NO_COMPANY)
    assert states(1) == [(1, "expired"), (2, "active")]
    assert keys.load([(Holder.MODEL, 1)]) == {(Holder.MODEL, 1): newer}


def test_a_pair_of_another_device_is_refused_and_not_told():
    values = pair(CANARY)
    keys.store(Holder.MODEL, 1, values, company_id=keys.NO_COMPANY)
    with pytest.raises(keys.KeyPairUsedTwice) as refusal:
        keys.store(Holder.METER, 2, values, company_id=7)
    assert CANARY.hex() not in repr(refusal.value).lower()
    assert refusal.value.__suppress_context__
    assert states(2) == []


def test_a_pair_twice_in_one_bulk_stores_nothing():
    values = pair()
    with pytest.raises(keys.KeyPairUsedTwice):
        keys.store_many(
            keys.DeviceKeys(keys.NO_COMPANY, Holder.MODEL, number, values) for number in (1, 2)
        )
    assert not DeviceSecret.objects.exists()


def test_an_expired_pair_is_not_taken_again_even_by_its_own_device():
    old = pair()
    keys.store(Holder.MODEL, 1, old, company_id=keys.NO_COMPANY)
    keys.store(Holder.MODEL, 1, pair(), company_id=keys.NO_COMPANY)
    with pytest.raises(keys.KeyPairUsedTwice):
        keys.store(Holder.MODEL, 1, old, company_id=keys.NO_COMPANY)


def test_half_a_pair_is_refused():
    with pytest.raises(ValueError, match="as a pair"):
        keys.store(Holder.MODEL, 1, {SecretRole.ENCRYPTION: CANARY}, company_id=0)


def test_a_ciphertext_moved_to_another_device_does_not_open():
    keys.store(Holder.MODEL, 1, pair(), company_id=keys.NO_COMPANY)
    DeviceSecret.objects.update(holder_id=2)
    with pytest.raises(Unsealable):
        keys.load([(Holder.MODEL, 2)])


def test_another_master_key_is_named_with_the_cure():
    keys.store(Holder.MODEL, 1, pair(), company_id=keys.NO_COMPANY)
    keys._unwrapped.cache_clear()
    with (
        override_settings(HES_MASTER_KEY=secrets.token_bytes(32)),
        pytest.raises(Unsealable, match="set HES_MASTER_KEY"),
    ):
        keys.load([(Holder.MODEL, 1)])


def test_one_data_key_seals_and_one_fingerprints_however_often_keys_are_stored():
    for number in range(3):
        keys.store(Holder.MODEL, number, pair(), company_id=keys.NO_COMPANY)
    assert sorted(DataKey.objects.values_list("purpose", flat=True)) == ["fingerprint", "seal"]


def test_a_bulk_goes_in_chunks_of_bounded_size():
    with patch.object(keys, "CHUNK", 2):
        stored = keys.store_many(
            keys.DeviceKeys(keys.NO_COMPANY, Holder.MODEL, number, pair()) for number in range(5)
        )
    assert stored == 10
    assert len(keys.load((Holder.MODEL, number) for number in range(5))) == 5


def test_the_secrets_of_a_deleted_device_are_forgotten():
    values = pair()
    keys.store(Holder.MODEL, 1, values, company_id=keys.NO_COMPANY)
    keys.forget(Holder.MODEL, [1])
    keys.store(Holder.MODEL, 2, values, company_id=keys.NO_COMPANY)
    assert keys.load([(Holder.MODEL, 1)]) == {}
