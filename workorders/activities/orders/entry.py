"""A meter's entry at its concentrator, as parameters and as steps (companion profile 3.4)."""

from collections.abc import Callable, Generator, Mapping
from typing import Any

from devices.drivers.base import Busy
from devices.drivers.duties import Collected, Duty, Entry, Job, PostEntry, ReadEntry
from workorders.activities.orders import mailbox
from workorders.activities.orders.base import Facts
from workorders.activities.orders.parameters import is_given, text, unusable, whole

SERIAL_LIMIT = 18
MOST_MEASURANDS = 64
_LARGEST_ROW = 65_535
_EVERY_CHANNEL = 0b11_1111
_EVERYTHING = sum(Collected)
_CURE = "give triples of register, value kind 1 to 4 and period 15 or 60, as [[13, 2, 60]]"

Parse = Callable[[Mapping[str, Any], str], Any]


def _measurands(given: Mapping[str, Any], name: str) -> list[list[int]]:
    value = given[name]
    if not isinstance(value, list) or len(value) > MOST_MEASURANDS:
        raise unusable(name, value, _CURE)
    if not all(isinstance(each, list) and _is_measurand(each) for each in value):
        raise unusable(name, value, _CURE)
    return [list(each) for each in value]


def _is_measurand(each: list[Any]) -> bool:
    if len(each) != 3 or not all(type(part) is int for part in each):
        return False
    register, kind, period = each
    return 0 <= register <= 255 and 1 <= kind <= 4 and period in (15, 60)


def _period(given: Mapping[str, Any], name: str) -> int:
    period = whole(given, name, 15, 60)
    if period not in (15, 60):
        raise unusable(name, given[name], "give 15 or 60 minutes")
    return period


WHO: dict[str, Parse] = {
    "serial": lambda given, name: text(given, name, SERIAL_LIMIT),
    "phase": lambda given, name: whole(given, name, 0, 4),
    "row": lambda given, name: whole(given, name, 0, _LARGEST_ROW),
}
"""What names a meter to its concentrator."""

WHAT: dict[str, Parse] = {
    "closure": lambda given, name: whole(given, name, 0, _EVERY_CHANNEL),
    "profile": lambda given, name: whole(given, name, 0, _EVERY_CHANNEL),
    "period": _period,
    "flags": lambda given, name: whole(given, name, 0, _EVERYTHING),
    "measurands": _measurands,
}
"""What is collected: masks by channel, the profile's period, flags, measurands."""


def parsed(given: Mapping[str, Any], known: Mapping[str, Parse]) -> dict[str, Any]:
    """Those of `known` that are given; the others come from the inventory."""
    return {name: parse(given, name) for name, parse in known.items() if is_given(given, name)}


def wanted(facts: Facts) -> Entry:
    """The entry with all that the company's profiles ask for."""
    given = facts.parameters
    measurands = tuple((register, kind, period) for register, kind, period in given["measurands"])
    numbers = {name: given[name] for name in ("closure", "profile", "period", "flags")}
    return Entry(facts.mac, **_named(given), **numbers, measurands=measurands)


def blank(facts: Facts) -> Entry:
    """The first entry, of a meter that is yet to be recruited: nothing is collected (*assumed*)."""
    return Entry(
        facts.mac, **_named(facts.parameters), closure=0, profile=0, period=15,
        flags=Collected.NOTHING, measurands=(),
    )  # fmt: skip


def _named(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in WHO}


def written(entry: Entry, number: int) -> Generator[Duty, Any, Job]:
    """The entry is posted and its job followed; Busy where T10 does not show it yet, so that a
    read-back sees it later."""
    yield PostEntry(number, entry)
    job = yield from mailbox.followed(number)
    if job.state == mailbox.FAILED:
        return job
    found: Entry | None = yield ReadEntry(entry.mac)
    if found is None or not found.fits(entry):
        raise Busy("[TB_ACK_193] BUSY: the entry is not in the table yet")
    return job
