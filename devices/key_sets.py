"""How the sets of keys of one device follow each other (companion profile 2).

A set is NEW from before the device is told of it until it has opened an association; ACTIVE then,
and what it replaces EXPIRED. A device has one of each at most. All functions work in the caller's
transaction and are harmless when repeated.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper

from devices import keys, lifecycle
from devices.choices import Holder, KeyState, SecretRole
from devices.keys import PAIR, DeviceKeys

KEY_BYTES = 16  # suite 0
PRIVATE = (*PAIR, SecretRole.MASTER)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose keys they are."""

    company: int
    holder: Holder
    holder_id: int


def origins(cursor: CursorWrapper, owner: Owner) -> dict[KeyState, int | None]:
    """The states in which the device has a set -> what that was made for."""
    cursor.execute(_ORIGINS, [owner.holder, owner.holder_id])
    return {KeyState(state): origin for state, origin in cursor.fetchall()}


def adopt(cursor: CursorWrapper, owner: Owner, origin: int) -> None:
    """The set that waits as NEW is now wanted for `origin`."""
    cursor.execute(_ADOPT, [origin, owner.holder, owner.holder_id])


def make(owner: Owner, roles: Iterable[SecretRole], origin: int) -> None:
    """Store a random NEW set beside the ACTIVE one."""
    values = {role: os.urandom(KEY_BYTES) for role in roles}
    device = DeviceKeys(owner.company, owner.holder, owner.holder_id, values, KeyState.NEW, origin)
    keys.store_many([device])


def take_from_provisioning(cursor: CursorWrapper, owner: Owner, origin: int) -> None:
    """The ACTIVE set waits as NEW: the device was found not to hold it yet.

    A master is made where none was provisioned. Versions stay, and so do their counters.
    """
    _move(cursor, owner, KeyState.NEW)
    adopt(cursor, owner, origin)
    cursor.execute(_HAS_MASTER, [owner.holder, owner.holder_id])
    if cursor.fetchone() is None:
        make(owner, (SecretRole.MASTER,), origin)


def activate(cursor: CursorWrapper, owner: Owner) -> None:
    """NEW becomes ACTIVE, what it replaces EXPIRED; nothing without a NEW one."""
    cursor.execute(
        _EXPIRE_REPLACED,
        [owner.holder, owner.holder_id, lifecycle.KEY.before(KeyState.EXPIRED)],
    )
    _move(cursor, owner, KeyState.ACTIVE)


def retire(cursor: CursorWrapper, owner: Owner) -> None:
    """The device holds none of them any more: NEW is withdrawn, ACTIVE expires."""
    cursor.execute(
        _MOVE,
        [KeyState.WITHDRAWN, owner.holder, owner.holder_id, [KeyState.NEW], list(PRIVATE)],
    )
    _move(cursor, owner, KeyState.EXPIRED)


def _move(cursor: CursorWrapper, owner: Owner, state: KeyState) -> None:
    before = lifecycle.KEY.before(state)
    cursor.execute(_MOVE, [state, owner.holder, owner.holder_id, before, list(PRIVATE)])


_ORIGINS = """
SELECT state, origin FROM device_secret
WHERE (holder, holder_id) = (%s, %s) AND role = 'encryption' AND state IN ('new', 'active')
"""
_ADOPT = """
UPDATE device_secret SET origin = %s WHERE (holder, holder_id) = (%s, %s) AND state = 'new'
"""
_HAS_MASTER = """
SELECT FROM device_secret WHERE (holder, holder_id) = (%s, %s)
    AND role = 'master' AND state = 'new'
"""
_EXPIRE_REPLACED = """
UPDATE device_secret old SET state = 'expired' FROM device_secret new
WHERE (new.holder, new.holder_id) = (%s, %s) AND new.state = 'new'
    AND (old.holder, old.holder_id, old.role) = (new.holder, new.holder_id, new.role)
    AND old.state = ANY(%s)
"""
_MOVE = """
UPDATE device_secret SET state = %s
WHERE (holder, holder_id) = (%s, %s) AND state = ANY(%s) AND role = ANY(%s)
"""
