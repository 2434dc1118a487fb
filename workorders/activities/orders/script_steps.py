"""A script as data: what a file says, checked, and what its steps mean (companion profile 3.4).

`{"name": "SET_PORT", "target": "concentrator", "steps": [{"do": "set",
"object": "100·0.0.25.10.0·4", "value": {"u16": 1123}}]}`. A step sets an attribute or calls a
method (`"do": "action"`, `class·OBIS!n`); `read_back` and `expect` say what is read to know that it
was carried out. For a set they may be left out: the same attribute, the same value.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devices.protocol.apdu import Attribute, Method, attribute_named, method_named
from devices.protocol.axdr import Data, typed
from devices.protocol.errors import ProtocolError
from hes.domain.errors import BadValue
from workorders.activities.orders.base import Target
from workorders.activities.orders.script_limits import refuse_forbidden

SET, ACTION = "set", "action"
MOST_STEPS = 50
NAME = re.compile(r"[A-Z][A-Z0-9_]{2,39}")
NAME_CURE = "write 3 to 40 capitals, digits and _, a letter first"
_LONGEST_DESCRIPTION = 500


@dataclass(frozen=True, slots=True)
class Step:
    """One step; `read_back` empty: nothing says whether it was carried out."""

    do: str
    object: str
    value: Data
    read_back: str
    expected: Data

    def plain(self) -> dict[str, Any]:
        """As it is stored and carried by orders; `step_of` makes the same step of it."""
        told = {"do": self.do, "object": self.object, "value": typed.written(self.value)}
        if self.read_back:
            told |= {"read_back": self.read_back, "expect": typed.written(self.expected)}
        return told


@dataclass(frozen=True, slots=True)
class Script:
    """What a file says."""

    name: str
    target: Target
    description: str
    steps: tuple[Step, ...]


def script_of(given: object) -> Script:
    """The script that a JSON document writes; raises BadValue with place and cure."""
    known = ("name", "target", "description", "steps")
    whole = _table(given, "script", known)
    name, target = whole.get("name"), whole.get("target")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise BadValue(f"name: {ascii(name)[:60]} is no name of a script", NAME_CURE)
    if not isinstance(target, str) or target not in tuple(Target):
        raise BadValue(f"target: {ascii(target)[:60]}", f"write {' or '.join(Target)}")
    return Script(name, Target(target), _description(whole), steps_of(whole.get("steps")))


def steps_of(given: object) -> tuple[Step, ...]:
    """The steps of a list, in order."""
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_STEPS:
        raise BadValue("steps: no list of steps", f"write a list of 1 to {MOST_STEPS}")
    return tuple(step_of(step, f"steps[{number}]") for number, step in enumerate(given))


def step_of(given: object, place: str) -> Step:
    """One step; `place` names it in refusals."""
    step = _table(given, place, ("do", "object", "value", "read_back", "expect"))
    do = step.get("do")
    if do not in (SET, ACTION):
        raise BadValue(f"{place}.do: {ascii(do)[:60]}", f"write {SET} or {ACTION}")
    if "value" not in step:
        cure = "write a typed value; null for a method without parameter"
        raise BadValue(f"{place}.value: missing", cure)
    name = _name(step.get("object"), f"{place}.object", is_method=do == ACTION)
    value = typed.parse(step["value"], f"{place}.value")
    return Step(do, str(name), value, *_read_back(step, place, name, value))


def unprovable(steps: Sequence[Step]) -> list[int]:
    """Numbers (from 0) of the steps that nothing can be read back of."""
    return [number for number, step in enumerate(steps) if not step.read_back]


def _read_back(
    step: Mapping[str, object], place: str, name: Attribute | Method, value: Data
) -> tuple[str, Data]:
    if ("read_back" in step) != ("expect" in step):
        raise BadValue(f"{place}: read_back or expect alone", "write both, or none of them")
    if "read_back" in step:
        read = _name(step["read_back"], f"{place}.read_back", is_method=False)
        return str(read), typed.parse(step["expect"], f"{place}.expect")
    return (str(name), value) if isinstance(name, Attribute) else ("", None)


def _name(given: object, place: str, *, is_method: bool) -> Attribute | Method:
    form = "class·OBIS!n, as 20·0.0.13.0.0!1" if is_method else "class·OBIS·n, as 8·0.0.1.0.0·3"
    if not isinstance(given, str):
        raise BadValue(f"{place}: {ascii(given)[:60]} is no name", f"write {form}")
    try:
        name = method_named(given) if is_method else attribute_named(given)
    except ProtocolError as error:
        raise BadValue(f"{place}: {error}", f"write {form}") from error
    refuse_forbidden(name, place)
    return name


def _table(given: object, place: str, known: Sequence[str]) -> Mapping[str, object]:
    if not isinstance(given, dict):
        raise BadValue(f"{place}: no object", f"write {{...}} with {', '.join(known)}")
    for name in given:
        if name not in known:
            raise BadValue(f"{place}: {ascii(name)[:60]} is not known", f"use {', '.join(known)}")
    return given


def _description(given: Mapping[str, object]) -> str:
    text = given.get("description", "")
    if not isinstance(text, str) or len(text) > _LONGEST_DESCRIPTION or "\0" in text:
        cure = f"write a text of at most {_LONGEST_DESCRIPTION} characters"
        raise BadValue("description: no such text", cure)
    return text
