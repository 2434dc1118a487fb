"""Meter entry: what the concentrator collects of a meter, or its deletion (001 2; profile 5.3).

Without parameters the entry is what the profiles of company, concentrator and meter ask for when
the order is accepted (`workorders.preparing`); `delete` removes it.
"""

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

from devices.drivers.duties import Duty, Entry, Post, ReadEntry
from workorders.activities.orders import entry, mailbox
from workorders.activities.orders.base import (
    Facts,
    NotDone,
    OrderActivity,
    ReadBack,
    Result,
    Steps,
)
from workorders.activities.orders.life import Configured
from workorders.activities.orders.outcomes import done, failed, named
from workorders.activities.orders.parameters import is_given, only, truth

UNCHANGED = "ENTRY UNCHANGED"


def _parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """`delete`, or any part of the entry that shall differ from the profiles."""
    only(given, "delete", *entry.WHO, *entry.WHAT)
    found = entry.parsed(given, entry.WHO | entry.WHAT)
    return found | ({"delete": truth(given, "delete")} if is_given(given, "delete") else {})


def _steps(facts: Facts) -> Steps:
    """An entry that is as ordered is not written again."""
    if (yield from _is_as_ordered(facts)):
        return _done(facts)
    number = facts.order
    if _is_deletion(facts):
        post = Post(mailbox.DELETE_ENTRY, number, facts.mac)
        return (yield from mailbox.ordered(METER_ENTRY_CONFIGURATION, post))
    job = yield from entry.written(entry.wanted(facts), number)
    if job.state == mailbox.FAILED:
        return failed(METER_ENTRY_CONFIGURATION, mailbox.reason(job))
    return _done(facts)


def _read_back(facts: Facts) -> ReadBack:
    if (yield from _is_as_ordered(facts)):
        return _done(facts)
    job = yield from mailbox.listed(facts.order)
    if job is None:
        return NotDone()
    reason = mailbox.reason(job) if job.state == mailbox.FAILED else UNCHANGED
    return failed(METER_ENTRY_CONFIGURATION, reason)


def _is_as_ordered(facts: Facts) -> Generator[Duty, Any, bool]:
    found: Entry | None = yield ReadEntry(facts.mac)
    if _is_deletion(facts):
        return found is None
    return found is not None and found.fits(entry.wanted(facts))


def _is_deletion(facts: Facts) -> bool:
    return bool(facts.parameters.get("delete"))


def _done(facts: Facts) -> Result:
    result = done(METER_ENTRY_CONFIGURATION)
    return result if _is_deletion(facts) else replace(result, effects=(Configured(),))


METER_ENTRY_CONFIGURATION = OrderActivity(
    **named("meter_entry_configuration"),
    command="SET_CE_ENTRY",
    parse=_parse,
    steps=_steps,
    read_back=_read_back,
)
