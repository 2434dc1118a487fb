"""Orders that follow from the end of another one, made by rule in the same transaction (design 7).

Their key names the meter, the kind and the order they follow: a step is never ordered twice, and
a kill between two steps loses nothing.
"""

import logging
from datetime import timedelta

from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from devices import audit
from devices.parameters import parameters_of
from workorders import acts, intake, lanes, preparing
from workorders.activities.orders.base import Rejected
from workorders.activities.orders.life import Follow
from workorders.intake import Draft
from workorders.requests import Request, activity_of, check_place
from workorders.states import OrderState

log = logging.getLogger(__name__)

RULE = "rule"  # OrderSource.RULE, and who is said to have ordered
_BEFORE = """
SELECT o.company_id, m.serial_number, o.priority FROM work_order o
JOIN meter m ON m.id = o.meter_id WHERE o.id = %s
"""


def follow(cursor: CursorWrapper, order: int, effect: Follow) -> None:
    """The caller holds the lane. What is refused is logged: the step stays open for a person."""
    cursor.execute(_BEFORE, [order])
    company, serial, priority = cursor.fetchone()
    request = Request(
        kind=effect.kind,
        company_id=company,
        meter=serial,
        parameters=effect.parameters,
        priority=priority,
        source=RULE,
        requested_by=RULE,
        outer_id=f"{effect.kind}:{serial}:after {order}",
    )
    [draft] = preparing.prepare(cursor, [_drafted(cursor, request)])
    if isinstance(draft, Rejected):
        log.error("order %d is not followed by %s of %s: %s", order, effect.kind, serial, draft)
        return
    row = audit.draw(cursor)
    acts.accepted(cursor, row, [draft], intake.insert(cursor, [draft], row))
    if draft.place is not None and draft.place.concentrator is not None:
        lanes.tell(cursor, [draft.place.concentrator])


def _drafted(cursor: CursorWrapper, request: Request) -> Draft | Rejected:
    [place] = intake.places(cursor, [request])
    activity = activity_of(request)
    life = timedelta(hours=parameters_of(request.company_id).number("order_expiry_hours"))
    try:
        check_place(request, activity, place)
        parameters = activity.parse(request.parameters)
    except Rejected as refused:
        return refused
    return Draft(
        request=request,
        key=request.new_key(),
        hash=request.fingerprint(),
        parameters=parameters,
        place=place,
        expires_at=timezone.now() + life,
        state=OrderState.QUEUED,
    )
