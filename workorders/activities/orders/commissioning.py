"""Commissioning: the concentrator is given a meter and told to recruit it (001 2; profile 3.4).

Entry (1), public keys (5), recruit (3); what is done already is skipped. Recruitment lasts some of
the concentrator's cycles, so the order ends when it has begun, as the reference's does within two
minutes (001 3.2), and a verification follows it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from devices.drivers.duties import KeySet, KeyUse, NodeState, Post, ReadEntry, ReadNode
from workorders.activities.orders import entry, mailbox
from workorders.activities.orders.base import (
    Facts,
    NotDone,
    OrderActivity,
    ReadBack,
    Result,
    Steps,
)
from workorders.activities.orders.keys import tell_concentrator
from workorders.activities.orders.life import Follow, RecruitingBegun
from workorders.activities.orders.outcomes import done, failed, named
from workorders.activities.orders.parameters import only

_ON_ITS_WAY = NodeState.RECRUITING, NodeState.COMMISSIONED, NodeState.LOST


def _parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """Serial, phase and row, where they shall differ from the inventory."""
    only(given, *entry.WHO)
    return entry.parsed(given, entry.WHO)


def _steps(facts: Facts) -> Steps:
    if (yield ReadNode(facts.mac)) in _ON_ITS_WAY:
        return _begun(facts)
    if (yield ReadEntry(facts.mac)) is None:
        number = mailbox.step_number(facts.order, mailbox.SET_ENTRY)
        job = yield from entry.written(entry.blank(facts), number)
        if job.state == mailbox.FAILED:
            return failed(COMMISSIONING, mailbox.reason(job))
    yield from tell_concentrator(facts, KeyUse.CURRENT, KeySet.PUBLIC)
    yield Post(mailbox.RECRUIT, mailbox.recruiting(facts.order), facts.mac)
    return _begun(facts)


def _read_back(facts: Facts) -> ReadBack:
    """Recruiting is seen in the node list, or its job in the list: then it has begun."""
    if (yield ReadNode(facts.mac)) in _ON_ITS_WAY:
        return _begun(facts)
    job = yield from mailbox.listed(mailbox.recruiting(facts.order))
    return NotDone() if job is None else _begun(facts)


def _begun(facts: Facts) -> Result:
    verification = Follow("verify_commissioning", {"order": facts.order})
    return replace(done(COMMISSIONING), effects=(RecruitingBegun(), verification))


COMMISSIONING = OrderActivity(
    **named("commissioning"),
    command="RECRUIT",
    parse=_parse,
    steps=_steps,
    read_back=_read_back,
)
