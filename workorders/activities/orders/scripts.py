"""Released scripts at meters and concentrators (001 2.4; companion profile 3.4, 5.2, 5.3).

The order carries the steps it was accepted with (`workorders.preparing`). What was carried out is
noted step by step; the first step without a note is read back before it is sent, and so a lost
answer, a killed worker and a step that holds already are one and the same.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from devices.drivers.base import Refused
from devices.drivers.duties import (
    CallMethod,
    CallOwnMethod,
    Change,
    Duty,
    ReadAttribute,
    ReadOwnAttribute,
    SetAttribute,
    SetOwnAttribute,
)
from workorders.activities.orders.base import (
    Deed,
    Facts,
    NotDone,
    OrderActivity,
    ReadBack,
    Result,
    Steps,
    Target,
)
from workorders.activities.orders.outcomes import OK
from workorders.activities.orders.parameters import only, optional_whole, present, unusable
from workorders.activities.orders.script_steps import NAME, NAME_CURE, SET, Step, steps_of

LAST_VERSION = 32_767


@dataclass(frozen=True, slots=True)
class NoteSteps(Deed):
    """The first `done` steps of the order's script have been carried out, and were seen to be."""

    done: int


def parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """`script`, its name, and a `version` (none: the newest released one).

    The steps are never the caller's: they are taken over from the released script.
    """
    only(given, "script", "version")
    name = present(given, "script", "name a released script")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise unusable("script", name, NAME_CURE)
    version = optional_whole(given, "version", 1, LAST_VERSION)
    return {"script": name} if version is None else {"script": name, "version": version}


def ordered(activity: OrderActivity, facts: Facts) -> Steps:
    """Step after step; one whose effect can be read already is not sent.

    What cannot be read before it is sent ends the script there: afterwards nobody could tell.
    """
    running = _Running(activity, facts)
    for number, step in running.remaining():
        try:
            holds = yield from running.holds(step)
        except Refused as refused:
            return running.failed(number, refused.text)
        if not holds:
            yield running.change(step)
            if not (yield from running.holds(step)):
                return running.failed(number, "WITHOUT EFFECT")
        yield NoteSteps(number)
    return running.done()


def found(activity: OrderActivity, facts: Facts) -> ReadBack:
    """Done where nothing is left; else it goes on at the first step without a note."""
    running = _Running(activity, facts)
    for _, step in running.remaining():
        if not (yield from running.holds(step)):
            return NotDone()
    return running.done()


class _Running:
    """One script at one device."""

    def __init__(self, activity: OrderActivity, facts: Facts) -> None:
        self._activity = activity
        self._own = activity.target is Target.CONCENTRATOR
        self._name, self._version = facts.parameters["script"], facts.parameters.get("version")
        self._done = int(facts.parameters.get("done", 0))
        self._steps = steps_of(facts.parameters["steps"])

    def remaining(self) -> list[tuple[int, Step]]:
        """Steps without a note, with their numbers from 1."""
        return list(enumerate(self._steps, 1))[self._done :]

    def holds(self, step: Step) -> Generator[Duty, Any, bool]:
        """Whether the effect of a step can be read."""
        read = ReadOwnAttribute if self._own else ReadAttribute
        return bool((yield read(self._name, step.read_back)) == step.expected)

    def change(self, step: Step) -> Change:
        """What the step sends."""
        if step.do == SET:
            write = SetOwnAttribute if self._own else SetAttribute
            return write(self._name, step.object, step.value)
        call = CallOwnMethod if self._own else CallMethod
        return call(self._name, step.object, step.value)

    def failed(self, number: int, reason: str) -> Result:
        """At a step; those before it stand."""
        text = f"[{self._name}] STEP {number} {reason}"
        return Result(False, self._activity.ko_code, text, values=self._values(number - 1))

    def done(self) -> Result:
        """To its end."""
        return Result(True, self._activity.ok_code, OK, values=self._values(len(self._steps)))

    def _values(self, steps: int) -> dict[str, Any]:
        return {"script": self._name, "version": self._version, "steps": steps}
