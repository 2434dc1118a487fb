"""Verify commissioning: is the meter recruited, and does it answer (001 3.2; profile 5.2).

Changes nothing: it goes on later until the node list shows the meter as commissioned, its job has
failed, or the order expires. The meter is identified under the keys it holds: it keeps its model's
public ones until the technical configuration (the profile's table says private; its life cycle and
001 3.1 say that these come afterwards).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from devices.drivers.duties import Job, NodeState, ReadNode
from workorders.activities.orders import mailbox
from workorders.activities.orders.base import Facts, Later, LongSteps, OrderActivity, Result
from workorders.activities.orders.keys import HeldKeys
from workorders.activities.orders.life import Commissioned, Follow, NoteRecruited, RecruitingFailed
from workorders.activities.orders.outcomes import done, failed, named
from workorders.activities.orders.parameters import is_given, only, whole

LONGEST_PAUSE = 86_400
_LARGEST_ORDER = 999_999_999_999
_UNDER_WAY = NodeState.RECRUITING, NodeState.LOST
CONFIGURATION = "meter_technical_configuration", "meter_entry_configuration"


def _parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """`order`: the commissioning that is verified; `pause`: seconds between two looks."""
    only(given, "order", "pause")
    limits = {"order": (1, _LARGEST_ORDER), "pause": (1, LONGEST_PAUSE)}
    return {
        name: whole(given, name, *ends) for name, ends in limits.items() if is_given(given, name)
    }


def _steps(facts: Facts) -> LongSteps:
    state: NodeState | None = yield ReadNode(facts.mac)
    if state is not NodeState.COMMISSIONED:
        order = facts.parameters.get("order", facts.order)
        job = yield from mailbox.listed(mailbox.recruiting(order))
        return _not_yet(facts, state, job)
    yield NoteRecruited()
    yield HeldKeys()  # associated and identified
    orders = (Follow(kind) for kind in CONFIGURATION)
    return replace(done(VERIFY_COMMISSIONING), effects=(Commissioned(), *orders))


def _not_yet(facts: Facts, state: NodeState | None, job: Job | None) -> Result | Later:
    if job is not None and job.state == mailbox.FAILED:
        return _in_vain(mailbox.reason(job))
    if state in _UNDER_WAY or (job is not None and job.state != mailbox.DONE):
        return Later(facts.parameters["pause"], "the concentrator is recruiting")
    return _in_vain("NOT RECRUITED")


def _in_vain(reason: str) -> Result:
    return replace(failed(VERIFY_COMMISSIONING, reason), effects=(RecruitingFailed(),))


VERIFY_COMMISSIONING = OrderActivity(
    **named("verify_commissioning"),
    command="VERIFY_COMMISSIONING",
    parse=_parse,
    steps=_steps,
    is_long=True,
)
