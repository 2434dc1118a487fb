"""The guard of the SENDING transaction: every reason not to send, checked again (design D14).

Source of the limits: research/reliability-security 8.1, 8.2. The checks are pure and in order; only
the caps need the database once more, under the company's lock, last of all. What neither cuts
anybody off nor moves money (a reconnection, a reading) meets none of the guard's own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.db.backends.utils import CursorWrapper

from devices.parameters import Parameters
from workorders.activities.orders.registry import ACTIVITIES
from workorders.states import Cause, OrderState

CAP_LOCK = 0x4361  # first half of the advisory lock's name, the company is the second

_LOCK = "SELECT pg_advisory_xact_lock(%s, %s)"
_FLEET = """
SELECT (SELECT count(*) FROM meter WHERE company_id = %s AND state = 'commissioned'),
    (SELECT count(*) FROM association WHERE concentrator_id = %s AND validity @> now())
"""
_COUNTS = """
SELECT count(*) FILTER (WHERE requested_by = %(user)s AND sent_at > hour.ago),
    count(*) FILTER (WHERE requested_by = %(user)s),
    count(*) FILTER (WHERE sent_at > hour.ago),
    count(*),
    count(*) FILTER (WHERE concentrator_id = %(lane)s AND sent_at > hour.ago)
FROM (SELECT clock_timestamp() - interval '1 hour' AS ago) hour
    JOIN work_order ON counted AND kind = ANY(%(kinds)s) AND company_id = %(company)s
        AND sent_at > hour.ago - interval '23 hours'
"""
_CREDITS = """
SELECT count(*) FROM work_order
WHERE counted AND kind = ANY(%(kinds)s) AND company_id = %(company)s AND requested_by = %(user)s
    AND sent_at > clock_timestamp() - interval '1 hour'
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """An order and its world in the moment before it is sent."""

    local: datetime
    window: str
    state: OrderState
    kind: str
    company: int
    concentrator: int
    requested_by: str
    is_expired: bool
    is_superseded: bool
    is_at_place: bool  # the meter still at that POD and under that concentrator
    is_protected: bool
    frozen: str | None  # why, None: not frozen
    is_approved: bool
    is_approval_fresh: bool
    was_counted: bool
    holiday: str = ""  # what the company calls this day, empty: a working day
    over_limit: str = ""  # why this credit is too large for one person, empty: it is not

    @property
    def is_released(self) -> bool:
        """Another person has approved it, not long ago."""
        return self.is_approved and self.is_approval_fresh


@dataclass(frozen=True, slots=True)
class Objection:
    """Why an order is not sent, and what becomes of it; no cause: it had ended before."""

    cause: Cause | None
    text: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What was sent: of the user, of the company (hour and day), of the concentrator."""

    user_hour: int
    user_day: int
    company_hour: int
    company_day: int
    concentrator_hour: int


@dataclass(frozen=True, slots=True)
class Caps:
    """How much may be sent of each, and the one that no approval lifts."""

    counts: Counts
    absolute_hour: int


def objection(standing: Standing) -> Objection | None:
    """The first reason not to send, caps apart; None: none."""
    activity = ACTIVITIES[standing.kind]
    checks = _GENERAL + (_GUARDED if activity.guarded else ())
    checks += _MONEY if activity.needs_transaction else ()
    return next((found for check in checks if (found := check(standing))), None)


def _over(standing: Standing) -> Objection | None:
    if standing.state is OrderState.LEASED:
        return None
    return Objection(None, f"the order is {standing.state}")


def _expired(standing: Standing) -> Objection | None:
    return Objection(Cause.EXPIRED, "expired before it was sent") if standing.is_expired else None


def _superseded(standing: Standing) -> Objection | None:
    if standing.is_superseded:
        return Objection(Cause.SUPERSEDED, "replaced by a newer order")
    return None


def _moved_away(standing: Standing) -> Objection | None:
    if standing.is_at_place:
        return None
    return Objection(Cause.DENIED, "the meter is no longer at this POD or concentrator")


def _protected(standing: Standing) -> Objection | None:
    if standing.is_protected and not standing.is_released:
        return Objection(Cause.HELD_BACK, "protected POD")
    return None


def _frozen(standing: Standing) -> Objection | None:
    if standing.frozen is None:
        return None
    return Objection(Cause.HELD_BACK, f"frozen: {standing.frozen}")


def _out_of_hours(standing: Standing) -> Objection | None:
    if standing.is_released or within(standing.window, standing.local):
        return None
    return Objection(Cause.HELD_BACK, f"outside of {standing.window}")


def _on_a_holiday(standing: Standing) -> Objection | None:
    if standing.is_released or not standing.holiday:
        return None
    return Objection(Cause.HELD_BACK, f"holiday: {standing.holiday}")


def _over_limit(standing: Standing) -> Objection | None:
    if standing.is_released or not standing.over_limit:
        return None
    return Objection(Cause.HELD_BACK, standing.over_limit)


def _approval_too_old(standing: Standing) -> Objection | None:
    if standing.is_approved and not standing.is_approval_fresh:
        return Objection(Cause.HELD_BACK, "the approval is too old")
    return None


_Check = Callable[[Standing], Objection | None]
_GENERAL: tuple[_Check, ...] = (_over, _expired, _superseded, _moved_away)
_GUARDED: tuple[_Check, ...] = (
    *(_protected, _frozen, _out_of_hours, _on_a_holiday),
    _approval_too_old,
)
_MONEY: tuple[_Check, ...] = (_over_limit, _approval_too_old)


def is_counted(kind: str) -> bool:
    """Whether orders of this kind stand in the caps: what cuts off, and what moves money."""
    return ACTIVITIES[kind].guarded or ACTIVITIES[kind].needs_transaction


def over_limit(kind: str, parameters: Mapping[str, Any], settings: Parameters) -> str:
    """Why a credit, up or down, is too large for one person alone; empty: it is not, or is none."""
    amount = int(parameters.get("amount", 0)) if ACTIVITIES[kind].needs_transaction else 0
    limit = settings.number("credit_limit")
    return f"credit of {amount} Wh, limit {limit}" if 0 < limit < abs(amount) else ""


def within(window: str, local: datetime) -> bool:
    """Whether local time lies in `12345 08:00-16:00` (1 Monday); an empty window is always."""
    if not window:
        return True
    days, hours = window.split(" ")
    begin, end = (time.fromisoformat(text) for text in hours.split("-"))
    return str(local.isoweekday()) in days and begin <= local.time() < end


def caps_of(settings: Parameters, meters: int, of_concentrator: int) -> Caps:
    """The caps of a fleet of so many commissioned meters, with floors for small ones."""
    number = settings.number
    absolute = number("cap_absolute_hour")
    hour = max(meters * number("cap_company_hour") // 1_000_000, number("cap_company_hour_floor"))
    day = max(meters * number("cap_company_day") // 1_000_000, number("cap_company_day_floor"))
    street = of_concentrator * number("cap_concentrator_hour") // 100
    return Caps(
        Counts(
            number("cap_user_hour"),
            number("cap_user_day"),
            min(hour, absolute),
            day,
            max(street, number("cap_concentrator_floor")),
        ),
        absolute,
    )


def over_cap(sent: Counts, caps: Caps, is_released: bool) -> str:
    """Which cap one order more would break; empty: none. An approval lifts all but one."""
    if sent.company_hour >= caps.absolute_hour:
        return f"cap of {caps.absolute_hour} an hour, which no approval lifts"
    if is_released:
        return ""
    for name in Counts.__dataclass_fields__:
        limit = getattr(caps.counts, name)
        if getattr(sent, name) >= limit:
            return f"cap of {limit} ({name.replace('_', ' per ')})"
    return ""


def cap_objection(
    cursor: CursorWrapper, standing: Standing, settings: Parameters
) -> Objection | None:
    """Count under the company's lock, which the transaction keeps to its end; call it last.

    What was counted before (found undone, sent again) counts once.
    """
    if standing.was_counted or not is_counted(standing.kind):
        return None
    is_credit = ACTIVITIES[standing.kind].needs_transaction
    text = (_over_credits if is_credit else _over_caps)(cursor, standing, settings)
    return Objection(Cause.HELD_BACK, text) if text else None


def _over_caps(cursor: CursorWrapper, standing: Standing, settings: Parameters) -> str:
    cursor.execute(_FLEET, [standing.company, standing.concentrator])
    caps = caps_of(settings, *cursor.fetchone())
    kinds = [kind for kind, activity in ACTIVITIES.items() if activity.guarded]
    sent = Counts(*_counted(cursor, _COUNTS, standing, kinds))
    return over_cap(sent, caps, standing.is_released)


def _over_credits(cursor: CursorWrapper, standing: Standing, settings: Parameters) -> str:
    """Whose account is stolen moves no more money than this (*assumed*: no document counts)."""
    limit = settings.number("cap_credit_user_hour")
    if standing.is_released or not limit:
        return ""
    kinds = [kind for kind, activity in ACTIVITIES.items() if activity.needs_transaction]
    [sent] = _counted(cursor, _CREDITS, standing, kinds)
    return f"cap of {limit} credits (user per hour)" if sent >= limit else ""


def _counted(
    cursor: CursorWrapper, statement: str, standing: Standing, kinds: Sequence[str]
) -> tuple[int, ...]:
    cursor.execute(_LOCK, [CAP_LOCK, standing.company])
    values: dict[str, Any] = {
        "user": standing.requested_by,
        "lane": standing.concentrator,
        "company": standing.company,
        "kinds": list(kinds),
    }
    cursor.execute(statement, values)
    row: tuple[int, ...] = cursor.fetchone()
    return row
