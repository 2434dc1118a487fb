"""Orders that are nothing but a change of keys, and workers that stand still in the middle of one.

A worker that is killed while each of its orders stands at another step was killed at every step.
"""

import asyncio
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from workorders import performers
from workorders.activities.orders import keys as k
from workorders.activities.orders.base import Facts, NotDone, OrderActivity, Target
from workorders.activities.orders.outcomes import done
from workorders.activities.orders.parameters import nothing
from workorders.activities.orders.registry import ACTIVITIES

PLAN = "KEY_STEPS"  # environment: a file with {"steps": {order: step}, "standing": file}


def _activity(kind: str, part: Any, read_back: Any) -> OrderActivity:
    def steps(facts: Facts):
        yield from part(facts)
        return done(ACTIVITIES[kind])

    def found(facts: Facts):
        is_done = yield from read_back(facts)
        return done(ACTIVITIES[kind]) if is_done else NotDone()

    names = (kind, kind, Target.METER, False, kind.upper(), "ok", "ko")
    return OrderActivity(*names, parse=nothing, steps=steps, read_back=found)


KINDS = {
    "keys_to_private": _activity("keys_to_private", k.to_private, k.holds_private),
    "keys_to_public": _activity("keys_to_public", k.to_public, k.holds_public),
}


def install() -> None:
    """Let them be ordered in this process."""
    ACTIVITIES.update(KINDS)


def remove() -> None:
    for kind in KINDS:
        ACTIVITIES.pop(kind, None)


def stand_still() -> None:
    """Every order stands for ever before the step the plan names, and says so."""
    plan = json.loads(Path(os.environ[PLAN]).read_text())
    genuine, done_before = performers.Performers.perform, Counter[int]()

    async def perform(self, duty):
        order = self._taken.order
        if plan["steps"].get(str(order)) == done_before[order]:
            with Path(plan["standing"]).open("a") as told:
                told.write(f"{order}\n")
            await asyncio.Event().wait()
        done_before[order] += 1
        return await genuine(self, duty)

    performers.Performers.perform = perform
