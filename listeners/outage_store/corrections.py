"""Ends that answers or orders gave, corrected by what devices tell later of an earlier one.

Two things tell of it: the state of a device that is lit, with a stamp before its `since`; and the
return of a concentrator, for the meters below it that orders found lit before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from devices.parameters import parameters_of
from hes.lib.arrays import numbers, words
from listeners.models import PowerSource
from listeners.outage_store.changes import Taken, instants
from listeners.outages.corrections import Noted, true_end
from listeners.outages.episodes import Change
from listeners.power import DeviceKind

AT_ONCE = 50_000  # states of one transaction, as many as changes of power
MEMORY = timedelta(days=2)  # what was heard before has corrected what it could (assumed)

# Rows that somebody is changing have their turn in the next look.
_LATE = f"""
SELECT {{kind}}_id, stamped_at FROM {{kind}}_power
WHERE NOT is_dark AND stamped_at < since AND heard_at > %s
ORDER BY heard_at DESC LIMIT {AT_ONCE} FOR UPDATE SKIP LOCKED
"""
_ENDED = """
SELECT given.n, {is_its_own}, i.id, i.company_id, i.outage_id, i.began_at, i.ended_at, i.ended_by
FROM unnest(%s::bigint[], %s::float8[]) WITH ORDINALITY AS given (device, at, n)
    JOIN interruption i ON {whose} AND i.ended_at > to_timestamp(given.at)
        AND i.ended_by IN ('answer', 'order')
"""
_NOTED: dict[DeviceKind, str] = {
    "meter": _ENDED.format(whose="i.meter_id = given.device", is_its_own="true"),
    "concentrator": _ENDED.format(
        whose="i.concentrator_id = given.device AND (i.meter_id IS NULL OR NOT i.is_own)",
        is_its_own="i.meter_id IS NULL",
    ),
}
# What was told as an outage stays one, and who had power again in a moment counts as such.
_CORRECT = """
UPDATE interruption i SET ended_at = to_timestamp(given.ended), ended_by = given.ended_by,
    is_momentary = i.is_momentary OR (i.outage_id IS NOT NULL AND given.is_momentary)
FROM unnest(%s::bigint[], %s::float8[], %s::text[], %s::boolean[])
    AS given (id, ended, ended_by, is_momentary)
WHERE i.id = given.id
"""
_SINCE = "UPDATE {kind}_power SET since = stamped_at WHERE {kind}_id = ANY(%s::bigint[])"


class _Return(NamedTuple):
    """Power came back at a device; `is_state`: its state says so, and is mended with its end."""

    device: int
    told: Change
    is_state: bool = False


@dataclass(slots=True)
class _Candidate:
    """An interruption that ended after such a return, and the state that is mended with it."""

    id: int
    company_id: int
    outage: int | None
    noted: Noted
    returns: list[Change] = field(default_factory=list)
    states: dict[DeviceKind, int] = field(default_factory=dict)


_Corrected = list[tuple[_Candidate, Change]]


def take(cursor: CursorWrapper, taken: Taken, now: datetime) -> int:
    """Correct ends, and note with what was taken what that reaches; how many were corrected."""
    meters, concentrators = _late(cursor, "meter", now), _late(cursor, "concentrator", now)
    concentrators += [_Return(concentrator, told) for concentrator, told in taken.returns]
    found: dict[int, _Candidate] = {}
    _find(cursor, "meter", meters, found)
    _find(cursor, "concentrator", concentrators, found)
    corrected = [(one, end) for one in found.values() if (end := true_end(one.noted, one.returns))]
    if corrected:
        _correct(cursor, corrected)
    for one, _ in corrected:
        taken.note(one.company_id, one.noted.began, one.outage)
    return len(corrected)


def _late(cursor: CursorWrapper, kind: DeviceKind, now: datetime) -> list[_Return]:
    """What devices said late."""
    cursor.execute(_LATE.format(kind=kind), [now - MEMORY])
    return [
        _Return(device, Change(stamped_at, False, PowerSource.GASP), is_state=True)
        for device, stamped_at in cursor.fetchall()
    ]


def _find(
    cursor: CursorWrapper,
    kind: DeviceKind,
    returns: Sequence[_Return],
    found: dict[int, _Candidate],
) -> None:
    """Add the interruptions of these devices, and of the meters below, that ended later."""
    if not returns:
        return
    devices = numbers(one.device for one in returns)
    cursor.execute(_NOTED[kind], [devices, instants(one.told.at for one in returns)])
    for number, is_its_own, pk, company_id, outage, *noted in cursor.fetchall():
        one = found.setdefault(pk, _Candidate(pk, company_id, outage, Noted(*noted)))
        device, told, is_state = returns[number - 1]
        one.returns.append(told)
        if is_its_own and is_state:
            one.states[kind] = device


def _correct(cursor: CursorWrapper, corrected: _Corrected) -> None:
    momentary = cache(_momentary)
    columns = [
        numbers(one.id for one, _ in corrected),
        instants(end.at for _, end in corrected),
        words(end.source for _, end in corrected),
        numbers(end.at - one.noted.began < momentary(one.company_id) for one, end in corrected),
    ]
    cursor.execute(_CORRECT, columns)
    for kind in _NOTED:
        mended = [one.states[kind] for one, _ in corrected if kind in one.states]
        cursor.execute(_SINCE.format(kind=kind), [numbers(mended)])


def _momentary(company_id: int) -> timedelta:
    return timedelta(seconds=parameters_of(company_id).number("outage_momentary"))
