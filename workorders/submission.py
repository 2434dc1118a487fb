"""The one door for orders: submit, preview, cancel, approve, resolve (design D13, D14).

Web, REST, SOAP, CSV, the command line and rules all come here. A refused request writes nothing but
its row of the audit.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices import audit
from devices.parameters import Parameters, parameters_of
from workorders import acts, guard, intake, lanes, preparing, replacing
from workorders.activities.orders.base import Rejected, Target
from workorders.activities.orders.registry import ACTIVITIES
from workorders.decisions import approve, cancel, resolve
from workorders.intake import Draft
from workorders.requests import (
    Place,
    Request,
    Submitted,
    activity_of,
    check_place,
    check_times,
    parsed,
)
from workorders.states import OrderState
from workorders.waking import wake_after_commit

__all__ = ["Request", "Submitted", "approve", "cancel", "preview", "resolve", "submit"]

_OPEN_OF_METER = """
SELECT id, kind, state FROM work_order
WHERE meter_id = %s AND ended_at IS NULL ORDER BY id DESC LIMIT 50
"""


def submit(requests: Sequence[Request], *, mass_hold: bool = True) -> list[Submitted]:
    """Check and store requests of one company in one transaction; one answer each, in order.

    A request that is refused stands in its answer (`rejected`), the others are stored. The same
    key with the same body answers with the first order. Above `order_mass_limit` disconnections
    and reductions in one call are all held for approval, unless `mass_hold` is off (an approved
    campaign).
    """
    if not requests:
        return []
    settings = parameters_of(requests[0].company_id)
    with transaction.atomic(), connection.cursor() as cursor:
        against = _too_many(requests, settings) or _too_many_pending(cursor, requests, settings)
        if against:
            answers = [Submitted(rejected=against) for _ in requests]
        else:
            answers = _stored(cursor, _drafted(cursor, requests, settings, mass_hold))
        acts.refused(cursor, requests, answers)
    return answers


def preview(request: Request) -> list[str]:
    """What stands against a request or would be replaced by it, as sentences; [] for nothing."""
    settings = parameters_of(request.company_id)
    with transaction.atomic(), connection.cursor() as cursor:
        found = _drafted(cursor, [request], settings, mass_hold=True)[0]
        if isinstance(found, Rejected):
            return [str(found)]
        told = [f"waits for approval: {found.hold_reason}"] if found.hold_reason else []
        for draft in found.steps or (found,):
            told += _conflicts(cursor, draft)
    return told


def _conflicts(cursor: CursorWrapper, draft: Draft) -> list[str]:
    if draft.place is None or draft.place.meter is None:
        return []
    replaced = ACTIVITIES[draft.request.kind].supersedes
    cursor.execute(_OPEN_OF_METER, [draft.place.meter])
    return [
        f"order {pk} ({kind}, {state}) of the meter "
        + ("would be replaced" if kind in replaced else "is still open")
        for pk, kind, state in cursor.fetchall()
    ]


# --- limits of a call -----------------------------------------------------------------------------


def _too_many(requests: Sequence[Request], settings: Parameters) -> Rejected | None:
    limit = settings.number("order_max_items")
    if len({request.company_id for request in requests}) > 1:
        return Rejected("7.5", "orders of several companies do not go into one request")
    count = sum(max(1, len(request.steps)) for request in requests)
    return Rejected("3.1", f"{count} orders; at most {limit}") if count > limit else None


def _too_many_pending(
    cursor: CursorWrapper, requests: Sequence[Request], settings: Parameters
) -> Rejected | None:
    limit = settings.number("order_max_pending")
    waiting = intake.pending(cursor, requests[0].company_id, limit) + len(requests)
    return Rejected("3.2", f"more than {limit} orders would wait") if waiting > limit else None


# --- checks ---------------------------------------------------------------------------------------


def _drafted(
    cursor: CursorWrapper, requests: Sequence[Request], settings: Parameters, mass_hold: bool
) -> list[Draft | Rejected]:
    """Each request as a row to be, or why not."""
    steps = [request.whole_steps() or [request] for request in requests]
    flat = [step for group in steps for step in group]
    found = iter(intake.places(cursor, flat))
    held = mass_hold and _guarded(flat) > settings.number("order_mass_limit")
    checking = _Checking(datetime.now(UTC), settings, held)
    drafts = [
        checking.draft(request, group, [next(found) for _ in group])
        for request, group in zip(requests, steps, strict=True)
    ]
    return preparing.prepare(cursor, drafts)


def _guarded(requests: Sequence[Request]) -> int:
    return sum(r.kind in ACTIVITIES and ACTIVITIES[r.kind].guarded for r in requests)


class _Checking:
    """The checks of one call."""

    def __init__(self, now: datetime, settings: Parameters, is_mass: bool) -> None:
        self._now, self._settings, self._is_mass = now, settings, is_mass

    def draft(
        self, request: Request, steps: Sequence[Request], places: Sequence[Place]
    ) -> Draft | Rejected:
        key = request.new_key()
        try:
            if not request.steps:
                return self._single(request, places[0], key, None)
            return self._bundle(request, key, steps, places)
        except Rejected as refused:
            return refused

    def _bundle(
        self, request: Request, key: str, steps: Sequence[Request], places: Sequence[Place]
    ) -> Draft:
        drafts = tuple(
            self._single(step, place, f"{key}:{number}", number)
            for number, (step, place) in enumerate(zip(steps, places, strict=True), start=1)
        )
        if len({step.place.concentrator for step in drafts if step.place}) > 1:
            raise Rejected("2.29", "the steps of a bundle are of several concentrators")
        hold = next((draft.hold_reason for draft in drafts if draft.hold_reason), "")
        return Draft(
            request=request,
            key=key,
            hash=request.fingerprint(),
            parameters={},
            place=None,
            expires_at=self._expiry(request),
            state=OrderState.LEASED,  # its steps are what is done
            hold_reason=hold,
            steps=drafts,
        )

    def _single(self, request: Request, place: Place, key: str, step: int | None) -> Draft:
        activity = activity_of(request)
        check_times(request, self._now)
        check_place(request, activity, place)
        parameters = parsed(activity, request)
        hold = self._reason_to_hold(place) if activity.guarded else ""
        hold = hold or guard.over_limit(request.kind, parameters, self._settings)
        if activity.target is Target.CONCENTRATOR:
            place = Place(None, None, None, None, None, False, place.named_concentrator, None, None)
        return Draft(
            request=request,
            key=key,
            hash=request.fingerprint(),
            parameters=parameters,
            place=place,
            expires_at=self._expiry(request),
            state=OrderState.HELD if hold else OrderState.QUEUED,
            hold_reason=hold,
            step=step,
        )

    def _reason_to_hold(self, place: Place) -> str:
        if place.protected and self._is_mass:
            raise Rejected("6.1", "a protected POD is never disconnected by a mass request")
        if place.protected:
            return "protected POD"
        return "mass request of disconnections or reductions" if self._is_mass else ""

    def _expiry(self, request: Request) -> datetime:
        life = timedelta(hours=self._settings.number("order_expiry_hours"))
        begin = max(request.not_before or self._now, self._now)
        return request.expires_at or begin + life


# --- storing --------------------------------------------------------------------------------------


def _stored(cursor: CursorWrapper, drafts: Sequence[Draft | Rejected]) -> list[Submitted]:
    """What passed the checks becomes orders, and one row of the audit; one answer each."""
    accepted = [draft for draft in drafts if isinstance(draft, Draft)]
    if not accepted:
        return [Submitted(rejected=against) for against in drafts if isinstance(against, Rejected)]
    first_ones, row = _first_of_each(accepted), audit.draw(cursor)
    made = intake.insert(cursor, first_ones, row)
    acts.accepted(cursor, row, first_ones, made)
    _announce(cursor, accepted, made)
    known = intake.known(cursor, [draft.key for draft in accepted])
    return [_answer(draft, known, made) for draft in drafts]


def _first_of_each(drafts: Sequence[Draft]) -> list[Draft]:
    """One draft per key: PostgreSQL gives no id to the second of one statement."""
    return list({draft.key: draft for draft in reversed(drafts)}.values())[::-1]


def _announce(cursor: CursorWrapper, drafts: Sequence[Draft], made: dict[str, int]) -> None:
    """Replace older orders and tell the lanes: last, so that lanes are held only shortly."""
    rows = [row for draft in drafts for row in (draft.steps or (draft,)) if row.key in made]
    stood = [(row, row.place.concentrator) for row in rows if row.place and row.place.concentrator]
    touched = sorted({lane for _, lane in stood})
    if not touched:
        return
    lanes.hold(cursor, touched)
    who = drafts[0].request.requested_by
    new = [made[row.key] for row in rows]
    replacing.supersede(cursor, new, who)
    replacing.ask_again(cursor, new, who)
    at_once = sorted({lane for row, lane in stood if row.request.bypass_retry})
    lanes.tell(cursor, touched, at_once)
    wake_after_commit()


def _answer(
    draft: Draft | Rejected, known: dict[str, intake.Known], made: dict[str, int]
) -> Submitted:
    if isinstance(draft, Rejected):
        return Submitted(rejected=draft)
    order = known[draft.key]
    if order.hash != draft.hash:
        text = f"the id {draft.request.outer_id} was used for another order"
        return Submitted(rejected=Rejected("2.15", text))
    return Submitted(order.order, None, order.state, order.hold_reason, draft.key not in made)
