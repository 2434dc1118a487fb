"""From a meter's public keys to private ones, to others, and back (companion profile 2).

`to_private`, `renewed` and `to_public` are parts of activities (`yield from`): they skip what they
find done, raise FieldError on trouble, and return when the meter holds the wanted set, the store
agrees and the concentrator was told. They may be begun anew after any kill or lost answer:

* a set is stored as NEW before anything is told of it, and stays NEW until it has opened the
  meter's association; the association is tried with NEW, ACTIVE and, while the meter may hold it,
  the model's public set, so whichever opens says what the meter holds (`HeldKeys`);
* a wrong wrap always fails its check: whether the master was replaced before an answer was lost is
  found out by sending it again under the old master, then under the new one.

`holds_private` and `holds_public` are their read-backs: harmless, True when all is done.
"""

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from devices.drivers.base import Refused
from devices.drivers.duties import (
    By,
    Duty,
    KeyId,
    KeySet,
    KeyUse,
    PostMeterKeys,
    TransferKeys,
    WrappedKey,
)
from workorders.activities.orders import mailbox
from workorders.activities.orders.base import Deed, Facts, Reassociate

PAIR = KeyId.ENCRYPTION, KeyId.AUTHENTICATION
MASTER = (KeyId.MASTER,)
UNCHANGED = "[TB_ACK_145] KEY: the meter does not hold the keys it has accepted"

Part = Generator[Duty, Any, None]
Question = Generator[Duty, Any, bool]


@dataclass(frozen=True, slots=True)
class HeldKeys(Duty):
    """-> KeySet: which set opened the association with the meter. Opens it where there is none."""


@dataclass(frozen=True, slots=True)
class HeldConcentratorKeys(Duty):
    """-> KeySet: which set opened the concentrator's own association in this visit."""

    by: ClassVar[By] = By.CONCENTRATOR


@dataclass(frozen=True, slots=True)
class LookUpKeys(Deed):
    """-> StoredKeys of the device the order is about."""


@dataclass(frozen=True, slots=True)
class StoredKeys:
    """What the key store says: is a NEW set there, an ACTIVE one, and is that of this order."""

    has_new: bool
    has_active: bool
    is_ours: bool


@dataclass(frozen=True, slots=True)
class PrepareKeys(Deed):
    """-> bool: a NEW set is stored and waits to be handed over; False: nothing is to be done.

    One that waits is taken over. `held` PUBLIC: the provisioned set becomes NEW, or a random one
    is made. `held` ACTIVE: only with `is_renewal` another one, once per order. A device that is
    found to hold its own keys is not offered the public ones any longer.
    """

    held: KeySet
    is_renewal: bool


@dataclass(frozen=True, slots=True)
class OfferPublic(Deed):
    """-> None: from now on the model's public set may open the meter's association too.

    Raises Refused where the model has none.
    """


@dataclass(frozen=True, slots=True)
class WrapKeys(Deed):
    """-> tuple[WrappedKey, ...]: keys of the set `of`, under the master of the set `under`.

    Empty where `under` has none; ACTIVE without a master of its own stands for the public one.
    """

    of: KeySet
    keys: tuple[KeyId, ...]
    under: KeySet


@dataclass(frozen=True, slots=True)
class WrapForConcentrator(Deed):
    """-> tuple[WrappedKey, ...]: a meter's pair under its concentrator's master; raises Refused
    where none is stored."""

    of: KeySet


@dataclass(frozen=True, slots=True)
class WrapSecret(Deed):
    """-> UserSecret of the concentrator; raises Refused where no password or master is stored."""


@dataclass(frozen=True, slots=True)
class UserSecret:
    """Whom a concentrator authenticates, and the password under its master (24 bytes)."""

    user: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ActivateKeys(Deed):
    """-> None: NEW becomes ACTIVE, what it replaces EXPIRED; the public set is offered no more."""


@dataclass(frozen=True, slots=True)
class RetireKeys(Deed):
    """-> None: the meter holds the public set: NEW is withdrawn, ACTIVE expires."""


@dataclass(frozen=True, slots=True)
class NoteStep(Deed):
    """-> None: a line in the order's history."""

    text: str


def to_private(facts: Facts) -> Part:
    """The meter gets a private set in place of its model's public one; one it has is kept."""
    yield from _private(facts, is_renewal=False)


def renewed(facts: Facts) -> Part:
    """The meter gets another private set, whatever it holds; once per order."""
    yield from _private(facts, is_renewal=True)


def to_public(facts: Facts) -> Part:
    """The meter gets its model's public set; private keys are of no more use."""
    held = yield HeldKeys()
    if held is KeySet.PUBLIC and not (yield from _has_private()):
        return
    yield OfferPublic()
    masters = KeySet.NEW, KeySet.ACTIVE, KeySet.PUBLIC
    if held is not KeySet.PUBLIC:
        yield from tell_concentrator(facts, KeyUse.NEXT, KeySet.PUBLIC)
        yield from _handed_over(KeySet.PUBLIC, PAIR, masters)
    yield from _handed_over(KeySet.PUBLIC, MASTER, masters)
    yield from _confirmed(KeySet.PUBLIC)
    yield RetireKeys()
    yield from _forgotten(facts)


def holds_private(_: Facts) -> Question:
    """Read-back of `to_private`."""
    held = yield HeldKeys()
    stored: StoredKeys = yield LookUpKeys()
    return held is KeySet.ACTIVE and not stored.has_new


def holds_renewed(facts: Facts) -> Question:
    """Read-back of `renewed`."""
    is_private = yield from holds_private(facts)
    stored: StoredKeys = yield LookUpKeys()
    return is_private and stored.is_ours


def holds_public(_: Facts) -> Question:
    """Read-back of `to_public`."""
    held = yield HeldKeys()
    return held is KeySet.PUBLIC and not (yield from _has_private())


def tell_concentrator(facts: Facts, use: KeyUse, of: KeySet) -> Part:
    """Mailbox command 5: the concentrator learns a pair of the meter (profile 3.4)."""
    wrapped: tuple[WrappedKey, ...] = yield WrapForConcentrator(of)
    yield from _posted(facts, use, wrapped)
    yield NoteStep(f"concentrator knows the {of} keys as {use.name.lower()}")


def _private(facts: Facts, *, is_renewal: bool) -> Part:
    held = yield HeldKeys()
    if not (yield PrepareKeys(held, is_renewal)):
        yield from _forgotten(facts)  # a kill may have come between activation and this
        return
    first = KeySet.PUBLIC if held is KeySet.PUBLIC else KeySet.ACTIVE
    masters = dict.fromkeys((first, KeySet.NEW, KeySet.PUBLIC))
    if held is not KeySet.NEW:
        yield from tell_concentrator(facts, KeyUse.NEXT, KeySet.NEW)
        yield from _handed_over(KeySet.NEW, PAIR, masters)
    yield from _handed_over(KeySet.NEW, MASTER, masters)
    yield from _confirmed(KeySet.NEW)
    yield ActivateKeys()
    yield from _forgotten(facts)


def _has_private() -> Question:
    stored: StoredKeys = yield LookUpKeys()
    return stored.has_new or stored.has_active


def _handed_over(of: KeySet, keys: tuple[KeyId, ...], masters: Iterable[KeySet]) -> Part:
    """Under one master after the other until the meter takes them.

    A refusal that leaves open what happened outweighs those that follow it.
    """
    refused: Refused | None = None
    for under in masters:
        wrapped: tuple[WrappedKey, ...] = yield WrapKeys(of, keys, under)
        if not wrapped:
            continue
        try:
            yield TransferKeys(wrapped)
        except Refused as again:
            refused = refused if refused and refused.executed is None else again
        else:
            names = ", ".join(key.name.lower() for key in keys)
            yield NoteStep(f"meter has accepted {of} keys: {names}")
            return
    raise refused or Refused(f"[TB_ACK_145] KEY: no master key is stored to wrap the {of} keys")


def _confirmed(wanted: KeySet) -> Part:
    """Another association, opened by the wanted set, tells that the meter holds it."""
    yield Reassociate()
    if (yield HeldKeys()) is not wanted:
        raise Refused(UNCHANGED)


def _forgotten(facts: Facts) -> Part:
    """The concentrator drops the old pair; one it keeps opens nothing, so a refusal is no harm."""
    try:
        yield from _posted(facts, KeyUse.DROP_OLD)
    except Refused as refused:
        yield NoteStep(f"concentrator keeps the old keys: {refused.text}")


def _posted(facts: Facts, use: KeyUse, keys: tuple[WrappedKey, ...] = ()) -> Part:
    job = mailbox.step_number(facts.order, mailbox.METER_KEYS, use)
    yield from mailbox.carried_out(PostMeterKeys(job, facts.mac, use, keys), job)
