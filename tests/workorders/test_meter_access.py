"""Which keys are tried at a meter: new ones first, its model's only while it may hold them."""

import secrets

import pytest

from devices import counters, key_sets, keys
from devices.choices import Holder, KeyState, MeterState, ProcessState, SecretRole
from devices.drivers.base import Locked
from devices.drivers.duties import KeySet
from devices.key_sets import Owner
from devices.models import InvocationCounter, Meter
from tests.factories import ordered
from workorders import candidates, meter_access

pytestmark = pytest.mark.django_db(transaction=True)
NEW, ACTIVE, PUBLIC = KeySet.NEW, KeySet.ACTIVE, KeySet.PUBLIC


@pytest.fixture
def meter():
    ordered.fleet(meters=2)
    made = ordered.meter(1)
    give(Holder.MODEL, made.model_id, keys.NO_COMPANY)
    return made


def give(holder, pk, company):
    values = {role: secrets.token_bytes(16) for role in (*keys.PAIR, SecretRole.MASTER)}
    keys.store(holder, pk, values, company_id=company)


def has_active(meter):
    give(Holder.METER, meter.pk, meter.company_id)


def has_new(meter):
    owner = Owner(meter.company_id, Holder.METER, meter.pk)
    key_sets.make(owner, key_sets.PRIVATE, origin=1)


def tried(meter):
    return [each.keys for each in meter_access.load(meter.pk).candidates]


def change(meter, **columns):
    Meter.objects.filter(pk=meter.pk).update(**columns)


def test_new_keys_are_tried_before_those_they_are_to_replace(meter):
    has_active(meter)
    assert tried(meter) == [ACTIVE]
    has_new(meter)
    assert tried(meter) == [NEW, ACTIVE]


@pytest.mark.parametrize(
    "columns",
    [
        {"state": MeterState.PROVISIONED},
        {"state": MeterState.INSTALLED},
        {"state": MeterState.DECOMMISSIONED},
        *({"process_state": state} for state in ProcessState.values if state),
        {"may_hold_public_keys": True},
    ],
    ids=str,
)
def test_its_models_keys_are_tried_last_while_it_may_hold_them(meter, columns):
    has_active(meter)
    change(meter, **columns)
    assert tried(meter) == [ACTIVE, PUBLIC]


def test_without_any_keys_a_meter_in_service_is_locked_although_its_model_has_some(meter):
    with pytest.raises(Locked, match="import template 2"):
        meter_access.load(meter.pk)
    change(meter, state=MeterState.INSTALLED)
    assert tried(meter) == [PUBLIC]


def test_meters_of_a_model_never_share_a_counter_under_their_shared_key(meter):
    other = ordered.meter(2)
    values = []
    for each in (meter, other):
        change(each, state=MeterState.INSTALLED)
        [candidate] = meter_access.load(each.pk).candidates
        meter_access.start(candidate)
        values += [candidate.counters.next() for _ in range(candidate.counters.left)]
    assert len(values) == len(set(values)) == 2 * meter_access.COUNTERS
    assert InvocationCounter.objects.get().holder == Holder.MODEL


def test_what_one_meter_has_used_under_a_shared_key_is_nothing_to_another(meter):
    change(meter, state=MeterState.INSTALLED)
    [candidate] = meter_access.load(meter.pk).candidates
    meter_access.start(candidate)
    meter_access.remember(meter.pk, candidate, b"MTR\0\0\0\0\1", 99)
    assert InvocationCounter.objects.get().server_last == -1
    assert candidate.server_counter == -1


def test_a_counter_that_fell_behind_is_raised_under_the_key_that_was_tried(meter):
    has_active(meter)
    has_new(meter)
    new, active = meter_access.load(meter.pk).candidates
    for each in (new, active):
        meter_access.start(each)
    candidates.continue_at(new, 5_000, meter_access.COUNTERS)
    assert (new.counters.next(), active.counters.next()) == (5_000, 0)


def test_keys_that_were_replaced_while_they_were_fetched_are_not_used(meter):
    has_active(meter)
    [candidate] = meter_access.load(meter.pk).candidates
    has_active(meter)
    with pytest.raises(Locked, match="try again"):
        meter_access.start(candidate)


def test_a_session_that_outlives_its_keys_goes_on_counting_under_them(meter):
    has_active(meter)
    [candidate] = meter_access.load(meter.pk).candidates
    meter_access.start(candidate)
    has_active(meter)
    candidates.take_more(candidate, 5)
    assert candidate.counters.next() == meter_access.COUNTERS
    place = Holder.METER, [meter.pk]
    assert counters.reserve(*place, state=KeyState.ACTIVE)[meter.pk].next() == 0
    candidates.note_server(candidate, 12)
    assert set(InvocationCounter.objects.values_list("version", "server_last")) == {
        (1, 12),
        (2, -1),
    }


def test_no_key_stands_in_the_repr_of_what_a_visit_takes_along(meter):
    has_active(meter)
    access = meter_access.load(meter.pk)
    told = repr(access)
    for value in access.candidates[0].ring.values.values():
        assert value.hex() not in told
        assert repr(value)[2:-1] not in told
