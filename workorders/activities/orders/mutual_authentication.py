"""Mutual authentication: a concentrator gets management keys of its own (companion profile 5.3).

Its new keys are valid from the next association, and a visit has one: the order goes on in the
next visit, which is opened by the new keys or tells that they were not taken. Mutual authentication
is switched on last, over the new keys: once it is on, the password opens nothing any more.
"""

from collections.abc import Generator
from typing import Any

from devices.drivers.duties import (
    Duty,
    KeySet,
    MutualAuthentication,
    ReadMutualAuthentication,
    SetMutualAuthentication,
    TransferConcentratorKeys,
)
from workorders.activities.orders.base import (
    Facts,
    Later,
    LongSteps,
    NotDone,
    OrderActivity,
    ReadBack,
)
from workorders.activities.orders.keys import (
    PAIR,
    ActivateKeys,
    HeldConcentratorKeys,
    LookUpKeys,
    NoteStep,
    PrepareKeys,
    StoredKeys,
    UserSecret,
    WrapKeys,
    WrapSecret,
)
from workorders.activities.orders.outcomes import done, failed, named
from workorders.activities.orders.parameters import nothing

NEXT_VISIT_SECONDS = 5.0  # a little longer than it takes to leave
ATTEMPTS = 5  # assumed


def _steps(facts: Facts) -> LongSteps:
    """One that accepts new keys and never uses them is given up, not asked for ever."""
    user: UserSecret = yield WrapSecret()
    held = yield HeldConcentratorKeys()
    if (yield PrepareKeys(held, is_renewal=True)):
        if held is not KeySet.NEW:
            if facts.attempts >= ATTEMPTS:
                return failed(MUTUAL_AUTHENTICATION, "[TB_ACK_145] KEY: the new keys open nothing")
            yield from _handed_over()
            return Later(NEXT_VISIT_SECONDS, "the next visit associates with the new keys")
        yield ActivateKeys()
    if not (yield from _is_on()):
        yield SetMutualAuthentication(user.user, user.secret)
        if not (yield from _is_on()):
            return failed(MUTUAL_AUTHENTICATION, "MUTUAL AUTHENTICATION IS OFF")
    return done(MUTUAL_AUTHENTICATION)


def _handed_over() -> Generator[Duty, Any, None]:
    wrapped = yield WrapKeys(KeySet.NEW, PAIR, under=KeySet.ACTIVE)
    yield TransferConcentratorKeys(wrapped)
    yield NoteStep("concentrator has accepted new keys: encryption, authentication")


def _is_on() -> Generator[Duty, Any, bool]:
    state: MutualAuthentication = yield ReadMutualAuthentication()
    return state.is_on


def _read_back(_: Facts) -> ReadBack:
    held = yield HeldConcentratorKeys()
    stored: StoredKeys = yield LookUpKeys()
    is_renewed = held is KeySet.ACTIVE and stored.is_ours and not stored.has_new
    is_done = is_renewed and (yield from _is_on())
    return done(MUTUAL_AUTHENTICATION) if is_done else NotDone()


MUTUAL_AUTHENTICATION = OrderActivity(
    **named("mutual_authentication"),
    command="SET_LVC_AUTH",
    parse=nothing,
    steps=_steps,
    read_back=_read_back,
    is_long=True,
    by_password=True,
)
