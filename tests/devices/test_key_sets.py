"""How the sets of keys of a device follow each other: one NEW, one ACTIVE, never none by a kill."""

import secrets

import pytest
from django.db import IntegrityError, connection, transaction

from devices import counters, key_sets, keys
from devices.choices import Holder, KeyState, SecretRole
from devices.key_sets import Owner
from devices.models import DeviceSecret

pytestmark = pytest.mark.django_db
OWNER = Owner(keys.NO_COMPANY, Holder.MODEL, 1)
PLACE = OWNER.holder, OWNER.holder_id


def active(*roles):
    values = {role: secrets.token_bytes(16) for role in roles or keys.PAIR}
    keys.store(*PLACE, values, company_id=keys.NO_COMPANY)
    return values


def done(function, *arguments):
    with connection.cursor() as cursor:
        return function(cursor, OWNER, *arguments)


def rings():
    return {state: ring.values for state, ring in keys.load_sets([PLACE])[PLACE].items()}


def states(role=SecretRole.ENCRYPTION):
    rows = DeviceSecret.objects.filter(holder_id=1, role=role).order_by("version")
    return list(rows.values_list("version", "state"))


def test_a_new_set_waits_beside_the_active_one():
    old = active()
    key_sets.make(OWNER, key_sets.PRIVATE, origin=7)
    assert rings()[KeyState.ACTIVE] == old
    assert set(rings()[KeyState.NEW]) == set(key_sets.PRIVATE)
    assert done(key_sets.origins) == {KeyState.ACTIVE: None, KeyState.NEW: 7}


def test_a_second_new_set_is_refused_by_the_table():
    key_sets.make(OWNER, keys.PAIR, origin=7)
    with pytest.raises(IntegrityError), transaction.atomic():
        key_sets.make(OWNER, keys.PAIR, origin=8)


def test_a_waiting_set_is_taken_over_by_another_order():
    key_sets.make(OWNER, keys.PAIR, origin=7)
    done(key_sets.adopt, 8)
    assert done(key_sets.origins) == {KeyState.NEW: 8}


def test_activation_expires_what_is_replaced_and_may_be_repeated():
    active()
    key_sets.make(OWNER, key_sets.PRIVATE, origin=7)
    new = rings()[KeyState.NEW]
    for _ in range(2):
        done(key_sets.activate)
        assert rings() == {KeyState.ACTIVE: new}
    assert states() == [(1, "expired"), (2, "active")]


def test_what_a_new_set_does_not_replace_stays_active():
    active(SecretRole.MASTER, *keys.PAIR)
    master = rings()[KeyState.ACTIVE][SecretRole.MASTER]
    key_sets.make(OWNER, keys.PAIR, origin=7)
    done(key_sets.activate)
    assert rings()[KeyState.ACTIVE][SecretRole.MASTER] == master


def test_a_provisioned_pair_waits_as_new_with_a_master_of_its_own():
    old = active()
    done(key_sets.take_from_provisioning, 7)
    new = rings()[KeyState.NEW]
    assert {role: new[role] for role in keys.PAIR} == old
    assert len(new[SecretRole.MASTER]) == key_sets.KEY_BYTES
    assert done(key_sets.origins) == {KeyState.NEW: 7}


def test_a_provisioned_master_is_kept():
    old = active(SecretRole.MASTER, *keys.PAIR)
    done(key_sets.take_from_provisioning, 7)
    assert rings() == {KeyState.NEW: old}


def test_what_the_device_holds_no_more_is_withdrawn_or_expires():
    active()
    key_sets.make(OWNER, keys.PAIR, origin=7)
    for _ in range(2):
        done(key_sets.retire)
        assert states() == [(1, "expired"), (2, "withdrawn")]
    assert keys.load_sets([PLACE]) == {}


def test_a_ring_tells_the_version_under_which_its_counters_run():
    active()
    key_sets.make(OWNER, keys.PAIR, origin=7)
    found = keys.load_sets([PLACE])[PLACE]
    assert {state: ring.version for state, ring in found.items()} == {"active": 1, "new": 2}


@pytest.mark.django_db(transaction=True)
def test_new_and_active_keys_count_apart():
    active()
    key_sets.make(OWNER, keys.PAIR, origin=7)
    counters.reserve(Holder.MODEL, [1], count=5)
    block = counters.reserve(Holder.MODEL, [1], count=5, state=KeyState.NEW)[1]
    assert (block.version, block.next()) == (2, 0)


def test_no_value_stands_in_a_repr():
    values = active()
    told = repr(keys.load_sets([PLACE])).lower()
    assert not any(value.hex() in told for value in values.values())
    assert "values" not in told
