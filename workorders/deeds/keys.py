"""What the head-end does with the keys of an order's device (companion profile 2).

Values leave here only wrapped under a master of the device itself. Each function is a deed of
`workorders.deeds`: in a fenced transaction, harmless when repeated, noted in the order's history.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.backends.utils import CursorWrapper

from devices import key_sets, keys
from devices.choices import Holder, KeyState, SecretRole
from devices.drivers.base import Refused
from devices.drivers.duties import KeyId, KeySet, WrappedKey
from devices.key_sets import Owner
from devices.protocol.security import wrap_key
from workorders.activities.orders.keys import (
    PAIR,
    NoteStep,
    OfferPublic,
    PrepareKeys,
    StoredKeys,
    UserSecret,
    WrapForConcentrator,
    WrapKeys,
)
from workorders.moves import note
from workorders.orders import Taken

STEP, US = "step", "head-end"  # cause and author of lines in the history
ROLES = {
    KeyId.ENCRYPTION: SecretRole.ENCRYPTION,
    KeyId.AUTHENTICATION: SecretRole.AUTHENTICATION,
    KeyId.MASTER: SecretRole.MASTER,
}
Values = Mapping[SecretRole, bytes]
NOTHING: Values = {}
NO_PUBLIC = "[TB_ACK_145] KEY: the meter's model has no public keys, load them by hes model-keys"
NO_MASTER = "[TB_ACK_145] KEY: no master key is stored for this concentrator, import template 6"
NO_PASSWORD = "[TB_ACK_145] KEY: no MAA password is stored for it, import template 6"  # noqa: S105
NOT_STORED = "[TB_ACK_145] KEY: the keys to be handed over are not stored"

_LANE = "SELECT concentrator_id FROM work_order WHERE id = %s"
_MODEL = "SELECT model_id FROM meter WHERE id = %s"
_USER = "SELECT maa_username FROM concentrator WHERE id = %s"
_OFFER = """
UPDATE meter SET may_hold_public_keys = %(may)s, updated_at = now()
WHERE id = %(meter)s AND may_hold_public_keys <> %(may)s
"""


def look_up(cursor: CursorWrapper, taken: Taken, _: object) -> StoredKeys:
    """Which sets wait and serve."""
    found = key_sets.origins(cursor, _owner(cursor, taken))
    return StoredKeys(
        has_new=KeyState.NEW in found,
        has_active=KeyState.ACTIVE in found,
        is_ours=found.get(KeyState.ACTIVE) == taken.order,
    )


def prepare(cursor: CursorWrapper, taken: Taken, deed: PrepareKeys) -> bool:
    """See PrepareKeys."""
    owner = _owner(cursor, taken)
    found = key_sets.origins(cursor, owner)
    if KeyState.NEW in found:
        key_sets.adopt(cursor, owner, taken.order)
        return True
    is_kept = not deed.is_renewal or found.get(KeyState.ACTIVE) == taken.order
    if deed.held is KeySet.ACTIVE and is_kept:
        _offer(cursor, taken, is_public=False)
        return False
    if deed.held is KeySet.PUBLIC and KeyState.ACTIVE in found:
        key_sets.take_from_provisioning(cursor, owner, taken.order)
    else:
        is_meter = owner.holder is Holder.METER
        key_sets.make(owner, key_sets.PRIVATE if is_meter else keys.PAIR, taken.order)
    _note(cursor, taken, "new keys are stored")
    return True


def offer_public(cursor: CursorWrapper, taken: Taken, _: OfferPublic) -> None:
    """The model's public set may open the association from now on."""
    if not _values(cursor, taken, KeySet.PUBLIC):
        raise Refused(NO_PUBLIC)
    _offer(cursor, taken, is_public=True)
    _note(cursor, taken, "the meter may hold its model's public keys")


def activate(cursor: CursorWrapper, taken: Taken, _: object) -> None:
    """NEW has opened the association, so it is what the device holds."""
    key_sets.activate(cursor, _owner(cursor, taken))
    _offer(cursor, taken, is_public=False)
    _note(cursor, taken, "new keys are active, the old ones expired")


def retire(cursor: CursorWrapper, taken: Taken, _: object) -> None:
    """The public set has opened the association."""
    key_sets.retire(cursor, _owner(cursor, taken))
    _note(cursor, taken, "the meter holds its model's public keys, its own expired")


def wrap(cursor: CursorWrapper, taken: Taken, deed: WrapKeys) -> tuple[WrappedKey, ...]:
    """Under a master of the device itself."""
    master = _values(cursor, taken, deed.under).get(SecretRole.MASTER)
    if master is None and deed.under is KeySet.ACTIVE and taken.meter_id is not None:
        master = _values(cursor, taken, KeySet.PUBLIC).get(SecretRole.MASTER)
    return _wrapped(_values(cursor, taken, deed.of), deed.keys, master) if master else ()


def wrap_for_concentrator(
    cursor: CursorWrapper, taken: Taken, deed: WrapForConcentrator
) -> tuple[WrappedKey, ...]:
    """A meter's pair under its concentrator's master."""
    return _wrapped(_values(cursor, taken, deed.of), PAIR, _concentrator(cursor, taken)[1])


def wrap_secret(cursor: CursorWrapper, taken: Taken, _: object) -> UserSecret:
    """The password of the concentrator's user under its master."""
    user, master, password = _concentrator(cursor, taken)
    if password is None:
        raise Refused(NO_PASSWORD)
    return UserSecret(user, wrap_key(master, password))


def note_step(cursor: CursorWrapper, taken: Taken, deed: NoteStep) -> None:
    """A line in the order's history."""
    _note(cursor, taken, deed.text)


def _offer(cursor: CursorWrapper, taken: Taken, *, is_public: bool) -> None:
    cursor.execute(_OFFER, {"may": is_public, "meter": taken.meter_id})


def _note(cursor: CursorWrapper, taken: Taken, text: str) -> None:
    note(cursor, [taken.order], STEP, US, text)


def _owner(cursor: CursorWrapper, taken: Taken) -> Owner:
    if taken.meter_id is not None:
        return Owner(taken.company, Holder.METER, taken.meter_id)
    return Owner(taken.company, Holder.CONCENTRATOR, _one(cursor, _LANE, taken.order))


def _values(cursor: CursorWrapper, taken: Taken, of: KeySet) -> Values:
    """The values of a set, none where it is not stored."""
    if of is KeySet.PUBLIC:
        place, state = (Holder.MODEL, _one(cursor, _MODEL, taken.meter_id)), KeyState.ACTIVE
    else:
        owner = _owner(cursor, taken)
        place, state = (owner.holder, owner.holder_id), KeyState(of.value)
    ring = keys.load_sets([place], (state,)).get(place, {}).get(state)
    return ring.values if ring else NOTHING


def _concentrator(cursor: CursorWrapper, taken: Taken) -> tuple[str, bytes, bytes | None]:
    """User, master and password; raises Refused without a master."""
    place = Holder.CONCENTRATOR, int(_one(cursor, _LANE, taken.order))
    stored = keys.load([place]).get(place, {})
    if SecretRole.MASTER not in stored:
        raise Refused(NO_MASTER)
    user = str(_one(cursor, _USER, place[1]))
    return user, stored[SecretRole.MASTER], stored.get(SecretRole.MAA_PASSWORD)


def _wrapped(values: Values, wanted: Sequence[KeyId], master: bytes) -> tuple[WrappedKey, ...]:
    if any(ROLES[key] not in values for key in wanted):
        raise Refused(NOT_STORED)
    return tuple(WrappedKey(key, wrap_key(master, values[ROLES[key]])) for key in wanted)


def _one(cursor: CursorWrapper, statement: str, value: int | None) -> Any:
    cursor.execute(statement, [value])
    return cursor.fetchone()[0]
