"""Decommissioning: private keys give way to public ones, the concentrator forgets the meter.

001 3.2, 002; companion profile 5.2: keys, release (4), entry deleted (2). What is done is skipped.
"""

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from devices.drivers.duties import Duty, NodeState, Post, ReadEntry, ReadNode
from workorders.activities.orders import keys, mailbox
from workorders.activities.orders.base import (
    Facts,
    NotDone,
    OrderActivity,
    ReadBack,
    Result,
    Steps,
)
from workorders.activities.orders.life import Decommissioned
from workorders.activities.orders.outcomes import done, named
from workorders.activities.orders.parameters import nothing

_RELEASED = None, NodeState.SEEN, NodeState.OWNED_BY_ANOTHER


def _steps(facts: Facts) -> Steps:
    yield from keys.to_public(facts)
    if (yield ReadNode(facts.mac)) not in _RELEASED:
        yield from _told(facts, mailbox.RELEASE)
    if (yield ReadEntry(facts.mac)) is not None:
        yield from _told(facts, mailbox.DELETE_ENTRY)
    return _done()


def _told(facts: Facts, command: int) -> Generator[Duty, Any, None]:
    number = mailbox.step_number(facts.order, command)
    yield from mailbox.carried_out(Post(command, number, facts.mac), number)


def _read_back(facts: Facts) -> ReadBack:
    node: NodeState | None = yield ReadNode(facts.mac)
    found = yield ReadEntry(facts.mac)
    if node in _RELEASED and found is None and (yield from keys.holds_public(facts)):
        return _done()
    return NotDone()


def _done() -> Result:
    return replace(done(DECOMMISSIONING), effects=(Decommissioned(),))


DECOMMISSIONING = OrderActivity(
    **named("decommissioning"),
    command="DECOMMISSIONING",
    parse=nothing,
    steps=_steps,
    read_back=_read_back,
)
