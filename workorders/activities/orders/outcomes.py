"""How orders end: results, and the reads with which every commercial order closes.

Commercial orders end with the alarm word (SWE edges) and the breaker state (companion profile 5).
What a meter refuses to tell there takes nothing back of what was done.
"""

from collections.abc import Generator
from typing import Any, TypedDict

from devices.drivers.base import Refused
from devices.drivers.duties import Breaker, Diagnosis, Duty, ReadBreaker, ReadDiagnosis
from hes.domain.order_kinds import KINDS
from workorders.activities.orders.base import Line, OrderActivity, Result, Steps, Target
from workorders.activities.orders.failure import failure_text

OK = "OK"


class Names(TypedDict):
    """What the code tables say about a kind."""

    kind: str
    printed: str
    target: Target
    is_commercial: bool
    ok_code: str
    ko_code: str


def named(kind: str) -> Names:
    """The part of an activity that comes from the code tables."""
    known = KINDS[kind]
    return Names(
        kind=kind,
        printed=known.printed,
        target=Target(known.target),
        is_commercial=known.is_commercial,
        ok_code=known.ok_code,
        ko_code=known.ko_code,
    )


def done(activity: OrderActivity, **values: Any) -> Result:
    """Carried out, without closing reads."""
    return Result(True, activity.ok_code, OK, values=values)


def failed(activity: OrderActivity, reason: str, breaker: Breaker | None = None) -> Result:
    """The device answered and it was not done; `reason` follows the command in the text."""
    state = None if breaker is None else breaker.state
    return Result(False, activity.ko_code, failure_text(activity, reason), state)


def ended(
    activity: OrderActivity,
    *lines: Line,
    breaker: Breaker | None = None,
    code: str = "",
    **values: Any,
) -> Steps:
    """A commercial order that was carried out: alarm word and breaker are read last.

    A `breaker` that was read since the change is not read again; `code` replaces the usual one.
    """
    diagnosis: Diagnosis | None = yield from _if_told(ReadDiagnosis())
    if breaker is None:
        breaker = yield from _if_told(ReadBreaker())
    if diagnosis is not None:
        values = {"alarm_word": diagnosis.alarm_word, "errors": diagnosis.errors, **values}
    state = None if breaker is None else breaker.state
    return Result(True, code or activity.ok_code, OK, state, lines, values)


def _if_told(duty: Duty) -> Generator[Duty, Any, Any]:
    try:
        return (yield duty)
    except Refused:
        return None
