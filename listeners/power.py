"""Who is dark: what devices, answers and orders tell becomes one state and its changes.

Which of two messages about a device is the older one say their stamps, where one clock gave both;
else the receipts (field-protocols 4). So an OFF that arrives after a newer ON changes nothing.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from django.db.backends.utils import CursorWrapper

from hes.lib import copy_binary
from hes.lib.arrays import numbers
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


DeviceKind = Literal["concentrator", "meter"]
"""Each has a table of its own: `concentrator_power` and `meter_power`."""


def record(cursor: CursorWrapper, changes: Iterable[Change]) -> int:
    """Write states and their changes in the caller's transaction; returns how many flipped.

    Changes of one device are taken in the order given; the first ever told of it is a flip too.
    Rows are locked in order, concentrators before meters.
    """
    told: dict[DeviceKind, dict[int, list[Change]]] = {"concentrator": {}, "meter": {}}
    for change in changes:
        kind: DeviceKind = "concentrator" if change.meter_id is None else "meter"
        told[kind].setdefault(change.device_id, []).append(change)
    return sum(_record(cursor, kind, own) for kind, own in told.items())


def _record(cursor: CursorWrapper, kind: DeviceKind, told: dict[int, list[Change]]) -> int:
    """Again for those devices whose first row another writer made meanwhile."""
    flips: list[Change] = []
    while told:
        known = _locked(cursor, kind, told)
        outcomes = {device: _outcome(known.get(device), own) for device, own in told.items()}
        believed = {device: outcome for device, outcome in outcomes.items() if outcome is not None}
        _update(cursor, kind, {d: one for d, one in believed.items() if d in known})
        new = {d: one for d, one in believed.items() if d not in known}
        lost = new.keys() - _insert(cursor, kind, new)
        told = {device: told[device] for device in lost}
        flips += [flip for d, one in believed.items() if d not in lost for flip in one.flips]
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


# A table of its own for each kind of device: in one of both each row stood in three indexes.
_LOCK = """
SELECT {kind}_id, is_dark, extract(epoch FROM since)::float8,
       extract(epoch FROM heard_at)::float8, extract(epoch FROM stamped_at)::float8, clock_id
FROM {kind}_power WHERE {kind}_id = ANY(%s::bigint[]) ORDER BY {kind}_id FOR UPDATE
"""
_GIVEN = """
SELECT device, company_id, is_dark, to_timestamp(since) AS since,
       to_timestamp(heard_at) AS heard_at, to_timestamp(stamped_at) AS stamped_at, clock_id
FROM unnest(%s::bigint[], %s::bigint[], %s::boolean[], %s::float8[], %s::float8[], %s::float8[],
            %s::bigint[])
     AS g (device, company_id, is_dark, since, heard_at, stamped_at, clock_id)
"""
_UPDATE = f"""
UPDATE {{kind}}_power AS known SET is_dark = given.is_dark, since = given.since,
       heard_at = given.heard_at, stamped_at = given.stamped_at, clock_id = given.clock_id
FROM ({_GIVEN}) AS given WHERE known.{{kind}}_id = given.device
"""
_INSERT = f"""
INSERT INTO {{kind}}_power
    ({{kind}}_id, company_id, is_dark, since, heard_at, stamped_at, clock_id)
SELECT * FROM ({_GIVEN}) AS given ORDER BY device
ON CONFLICT ({{kind}}_id) DO NOTHING RETURNING {{kind}}_id
"""


def _locked(cursor: CursorWrapper, kind: DeviceKind, devices: Iterable[int]) -> dict[int, _State]:
    cursor.execute(_LOCK.format(kind=kind), [numbers(devices)])
    return {device: _State(*known) for device, *known in cursor.fetchall()}


def _update(cursor: CursorWrapper, kind: DeviceKind, outcomes: dict[int, _Outcome]) -> None:
    if outcomes:
        cursor.execute(_UPDATE.format(kind=kind), _columns(outcomes))


def _insert(cursor: CursorWrapper, kind: DeviceKind, outcomes: dict[int, _Outcome]) -> set[int]:
    """The devices whose row is ours; the others have one by now."""
    if not outcomes:
        return set()
    cursor.execute(_INSERT.format(kind=kind), _columns(outcomes))
    return {device for (device,) in cursor.fetchall()}


def _columns(outcomes: dict[int, _Outcome]) -> list[str]:
    states = [outcome.state for outcome in outcomes.values()]
    return [
        numbers(outcomes),
        numbers(outcome.company_id for outcome in outcomes.values()),
        *(numbers(column) for column in zip(*states, strict=True)),
    ]


# --- changes ------------------------------------------------------------------------------------

_CHANGE = ("company_id", "concentrator_id", "meter_id", "is_dark", "at", "source")
_SOURCES = {source: copy_binary.text(source) for source in PowerSource}


def _tell(cursor: CursorWrapper, flips: Sequence[Change]) -> None:
    if flips:
        copy_binary.copy_binary(cursor, "power_change", _CHANGE, map(_told, flips))


def _told(flip: Change) -> bytes:
    is_meter = flip.meter_id is not None
    return copy_binary.row(
        copy_binary.bigint(flip.company_id),
        copy_binary.NULL if is_meter else copy_binary.bigint(flip.concentrator_id),
        copy_binary.bigint(flip.meter_id),
        copy_binary.boolean(flip.is_dark),
        copy_binary.instant(flip.at),
        _SOURCES[flip.source],
    )
