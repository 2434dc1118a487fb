"""Who is dark: what devices, answers and orders tell becomes one state and its changes.

Which of two messages about a device is the older one say their stamps, where one clock gave both;
else the receipts (field-protocols 4). So an OFF that arrives after a newer ON changes nothing.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from django.db.backends.utils import CursorWrapper

from hes.lib.arrays import numbers, words
from listeners.models import PowerSource


class Change(NamedTuple):
    """What was told about one concentrator or one meter. Instants are UTC epoch seconds.

    `stamped_at` is the device's own stamp, None where it is not believable; `clock_id` the
    concentrator whose clock gave it, None for the device's own.
    """

    company_id: int
    concentrator_id: int | None
    meter_id: int | None
    is_dark: bool
    heard_at: float
    stamped_at: float | None = None
    clock_id: int | None = None
    source: PowerSource = PowerSource.GASP

    @property
    def at(self) -> float:
        """When it happened, as far as anybody knows."""
        return self.heard_at if self.stamped_at is None else self.stamped_at

    @property
    def device_id(self) -> int:
        """The meter it is about, else the concentrator."""
        return self.meter_id or self.concentrator_id or 0


class _State(NamedTuple):
    """A device's row, without its names."""

    is_dark: bool
    since: float
    heard_at: float
    stamped_at: float | None
    clock_id: int | None

    def is_newer_than(self, told: Change) -> bool:
        """Whether `told` is overtaken by what is known."""
        if self.stamped_at is None or told.stamped_at is None or self.clock_id != told.clock_id:
            return self.heard_at > told.heard_at
        return (self.stamped_at, self.heard_at) > (told.stamped_at, told.heard_at)

    @classmethod
    def after(cls, before: "_State | None", told: Change) -> "_State":
        """The state once `told` is believed."""
        keeps = before is not None and before.is_dark == told.is_dark
        since = before.since if before is not None and keeps else told.at
        return cls(told.is_dark, since, told.heard_at, told.stamped_at, told.clock_id)


class _Outcome(NamedTuple):
    """What a device's changes come to."""

    company_id: int
    state: _State
    flips: list[Change]


_By = Literal["concentrator_id", "meter_id"]


def record(cursor: CursorWrapper, changes: Iterable[Change]) -> int:
    """Write states and their changes in the caller's transaction; returns how many flipped.

    Changes of one device are taken in the order given; the first ever told of it is a flip too.
    Rows are locked in order, concentrators before meters.
    """
    told: dict[_By, dict[int, list[Change]]] = {"concentrator_id": {}, "meter_id": {}}
    for change in changes:
        by: _By = "concentrator_id" if change.meter_id is None else "meter_id"
        told[by].setdefault(change.device_id, []).append(change)
    return sum(_record(cursor, by, own) for by, own in told.items())


def _record(cursor: CursorWrapper, by: _By, told: dict[int, list[Change]]) -> int:
    """Again for those devices whose first row another writer made meanwhile."""
    flips: list[Change] = []
    while told:
        known = _locked(cursor, by, told)
        outcomes = {device: _outcome(known.get(device), own) for device, own in told.items()}
        _update(cursor, by, {d: o for d, o in outcomes.items() if d in known and o is not None})
        new = {d: o for d, o in outcomes.items() if d not in known and o is not None}
        lost = new.keys() - _insert(cursor, by, new)
        told = {device: told[device] for device in lost}
        flips += [
            f for d, o in outcomes.items() if o is not None and d not in lost for f in o.flips
        ]
    _tell(cursor, flips)
    return len(flips)


def _outcome(known: _State | None, told: Iterable[Change]) -> _Outcome | None:
    """None where everything told is older than what is known."""
    state, flips, company_id = known, [], 0
    for change in told:
        if state is not None and state.is_newer_than(change):
            continue
        if state is None or state.is_dark != change.is_dark:
            flips.append(change)
        state, company_id = _State.after(state, change), change.company_id
    return _Outcome(company_id, state, flips) if state is not None and company_id else None


_LOCK = """
SELECT {by}, is_dark, extract(epoch FROM since)::float8, extract(epoch FROM heard_at)::float8,
       extract(epoch FROM stamped_at)::float8, clock_id
FROM power_state WHERE {by} = ANY(%s::bigint[]) ORDER BY {by} FOR UPDATE
"""
_GIVEN = """
SELECT device, company_id, is_dark, to_timestamp(since) AS since,
       to_timestamp(heard_at) AS heard_at, to_timestamp(stamped_at) AS stamped_at, clock_id
FROM unnest(%s::bigint[], %s::bigint[], %s::boolean[], %s::float8[], %s::float8[], %s::float8[],
            %s::bigint[])
     AS g (device, company_id, is_dark, since, heard_at, stamped_at, clock_id)
"""
_UPDATE = f"""
UPDATE power_state AS known SET is_dark = given.is_dark, since = given.since,
       heard_at = given.heard_at, stamped_at = given.stamped_at, clock_id = given.clock_id
FROM ({_GIVEN}) AS given WHERE known.{{by}} = given.device
"""
_INSERT = f"""
INSERT INTO power_state
    ({{by}}, company_id, is_dark, since, heard_at, stamped_at, clock_id)
SELECT * FROM ({_GIVEN}) AS given ORDER BY device ON CONFLICT ({{by}}) DO NOTHING RETURNING {{by}}
"""
_TELL = """
INSERT INTO power_change (company_id, concentrator_id, meter_id, is_dark, at, source)
SELECT company_id, concentrator_id, meter_id, is_dark, to_timestamp(at), source
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::boolean[], %s::float8[], %s::text[])
     WITH ORDINALITY AS g (company_id, concentrator_id, meter_id, is_dark, at, source, n)
ORDER BY n
"""


def _locked(cursor: CursorWrapper, by: _By, devices: Iterable[int]) -> dict[int, _State]:
    cursor.execute(_LOCK.format(by=by), [numbers(devices)])
    return {device: _State(*known) for device, *known in cursor.fetchall()}


def _update(cursor: CursorWrapper, by: _By, outcomes: dict[int, _Outcome]) -> None:
    if outcomes:
        cursor.execute(_UPDATE.format(by=by), _columns(outcomes))


def _insert(cursor: CursorWrapper, by: _By, outcomes: dict[int, _Outcome]) -> set[int]:
    """The devices whose row is ours; the others have one by now."""
    if not outcomes:
        return set()
    cursor.execute(_INSERT.format(by=by), _columns(outcomes))
    return {device for (device,) in cursor.fetchall()}


def _columns(outcomes: dict[int, _Outcome]) -> list[str]:
    states = [outcome.state for outcome in outcomes.values()]
    return [
        numbers(outcomes),
        numbers(outcome.company_id for outcome in outcomes.values()),
        *(numbers(column) for column in zip(*states, strict=True)),
    ]


def _tell(cursor: CursorWrapper, flips: Sequence[Change]) -> None:
    if flips:
        columns = [
            numbers(flip.company_id for flip in flips),
            numbers(flip.concentrator_id if flip.meter_id is None else None for flip in flips),
            numbers(flip.meter_id for flip in flips),
            numbers(flip.is_dark for flip in flips),
            numbers(flip.at for flip in flips),
            words(flip.source for flip in flips),
        ]
        cursor.execute(_TELL, columns)
