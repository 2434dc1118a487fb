"""Keys change hands whatever is lost and whoever is killed, and the meter is never locked out."""

import itertools
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.drivers.base import KeysRefused, Refused
from devices.drivers.duties import KeyId, KeySet, TransferKeys, WrappedKey
from tests.workorders.activities.orders.key_model import PUBLIC, Blow, KeyWorld, Killed, Store
from workorders.activities.orders import keys as k
from workorders.activities.orders.base import Facts

PRIVATE = {key: f"provisioned {key.name}" for key in KeyId}
PAIR_ONLY = {key: PRIVATE[key] for key in k.PAIR}
DUTIES_AT_MOST = 40
ALL = [k.to_private, k.renewed, k.to_public]
READ_BACKS = {
    k.to_private: k.holds_private, k.renewed: k.holds_renewed, k.to_public: k.holds_public,
}  # fmt: skip


def new_meter():
    """As delivered, nothing provisioned for it."""
    return KeyWorld(dict(PUBLIC), Store(), commissioned=False)


def provisioned_meter():
    """As delivered; a private pair waits for it in the store."""
    return KeyWorld(dict(PUBLIC), Store({"active": dict(PAIR_ONLY)}), commissioned=False)


def own_master():
    """In service with a private set."""
    return KeyWorld(dict(PRIVATE), Store({"active": dict(PRIVATE)}))


def public_master():
    """In service with a private pair under its model's master."""
    held = {**PRIVATE, KeyId.MASTER: PUBLIC[KeyId.MASTER]}
    return KeyWorld(held, Store({"active": dict(PAIR_ONLY)}))


METERS = [new_meter, provisioned_meter, own_master, public_master]
CASES = [
    *itertools.product([k.to_private], METERS),
    *itertools.product([k.renewed], METERS),
    *itertools.product([k.to_public], METERS),
]
each_case = pytest.mark.parametrize(
    ("part", "meter"), CASES, ids=[f"{part.__name__}-{meter.__name__}" for part, meter in CASES]
)


def settled(part, world):
    """The meter holds exactly what the store says, and the concentrator one pair that opens it."""
    if part is k.to_public:
        assert world.held == PUBLIC
        assert world.store.sets == {}
    else:
        assert set(world.store.sets) == {"active"}
        active = world.store.sets["active"]
        assert {key: world.held[key] for key in active} == active
        assert not world.store.is_offered


def went(part, world):
    world.carry_through(part, READ_BACKS[part])
    return world


@each_case
def test_without_losses_the_keys_change_once(part, meter):
    world = went(part, meter())
    settled(part, world)
    assert world.store.made <= 1
    if world.concentrator:
        opens = world.concentrator[-1]
        assert opens == {key: world.held[key] for key in k.PAIR}
        assert len(world.concentrator) == 1


@each_case
@pytest.mark.parametrize("blow", Blow, ids=lambda blow: blow.name.lower())
def test_one_blow_at_any_step_changes_nothing_of_the_end(part, meter, blow):
    for step in range(went(part, meter()).done):
        world = meter()
        world.blows = {step: blow}
        settled(part, went(part, world))
        assert world.store.made <= 1, step


@each_case
@settings(deadline=None)  # a loaded machine stretches every example
@given(blows=st.dictionaries(st.integers(0, DUTIES_AT_MOST), st.sampled_from(Blow), max_size=6))
def test_blows_in_any_number_change_nothing_of_the_end(part, meter, blows):
    world = meter()
    world.blows = blows
    settled(part, went(part, world))


@each_case
@settings(deadline=None)  # a loaded machine stretches every example
@given(data=st.data())
def test_after_any_kill_the_next_order_finds_its_way_whatever_it_wants(part, meter, data):
    world = meter()
    world.blows = {data.draw(st.integers(0, DUTIES_AT_MOST)): Blow.KILLED_AFTER}
    with suppress(Killed):
        world.attempt(part(Facts(1, bytes(6), 0, 0, {})))
    following = data.draw(st.sampled_from(ALL))
    settled(following, went(following, world))


def test_done_again_it_changes_nothing():
    for part in ALL:
        world = went(part, new_meter())
        held, changes = dict(world.held), transfers(world)
        went(part, world)
        assert (world.held, transfers(world)) == (held, changes)


def transfers(world):
    return sum(isinstance(duty, TransferKeys) for duty in world.seen)


def test_a_meter_in_service_is_not_opened_by_its_models_keys():
    world = KeyWorld(dict(PUBLIC), Store({"active": dict(PRIVATE)}))
    with pytest.raises(KeysRefused):
        world.attempt(k.holds_private(Facts(1, bytes(6), 0, 0, {})))


def test_new_keys_are_stored_before_anybody_is_told_of_them():
    world = went(k.renewed, own_master())
    kinds = [type(duty).__name__ for duty in world.seen]
    assert kinds.index("PrepareKeys") < kinds.index("PostMeterKeys") < kinds.index("TransferKeys")
    assert kinds.index("TransferKeys") < kinds.index("ActivateKeys")


def test_the_master_comes_after_the_pair_in_an_action_of_its_own():
    world = went(k.renewed, own_master())
    sent = [tuple(key.key for key in duty.keys) for duty in world.seen if is_transfer(duty)]
    assert sent == [(KeyId.ENCRYPTION, KeyId.AUTHENTICATION), (KeyId.MASTER,)]


def is_transfer(duty):
    return isinstance(duty, TransferKeys)


def test_a_meter_that_takes_no_keys_says_so_and_keeps_its_own():
    world = own_master()
    world.held[KeyId.MASTER] = "a master that nobody knows"
    with pytest.raises(Refused, match="TB_ACK_103"):
        world.carry_through(k.renewed, k.holds_renewed)
    assert world.store.sets["active"] == PRIVATE
    assert (world.line, world.held[KeyId.ENCRYPTION]) == (KeySet.ACTIVE, PRIVATE[KeyId.ENCRYPTION])


def test_no_wrapped_key_stands_in_a_repr():
    key = WrappedKey(KeyId.MASTER, b"\xca\xfe" * 12)
    assert "cafe" not in repr(TransferKeys((key,))).lower().replace("\\x", "")
