"""What the field app did at the meter, reported as executed locally.

A report tells a truth and moves nothing. It ends the open order it answers, so that nobody does it
again from here; where there is none, an order of source `local` is stored that has ended already.
While a command is under way it is refused, and out of UNKNOWN it leads only as a person's word
after five silent reads, never for a credit: there both may have charged.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices import audit
from workorders import acts, intake, lanes, local_reports, replacing
from workorders.activities.orders.base import OrderActivity, Rejected, Result
from workorders.activities.orders.registry import ACTIVITIES
from workorders.intake import Draft
from workorders.local_reports import CLOCK, LocalReport
from workorders.models import OrderSource
from workorders.moves import TEXT_LIMIT, end
from workorders.order_lanes import SILENT_READS
from workorders.requests import Submitted, activity_of, check_meter, key_of, parsed
from workorders.states import Cause, OrderState

_FIND = """
SELECT o.id, o.kind, o.state, o.parameters, o.source, o.concentrator_id, o.created_at,
    o.result_text, o.breaker, coalesce(m.serial_number, ''), coalesce(u.name, '')
FROM work_order o LEFT JOIN meter m ON m.id = o.meter_id
    LEFT JOIN usage_point u ON u.id = o.usage_point_id
WHERE o.company_id = %(company)s AND {which} LIMIT 2
"""
_BY_NUMBER = _FIND.format(which="o.id = %(order)s")
_BY_KEY = _FIND.format(which="o.idempotency_key = ANY(%(keys)s)")
_THIS = f"""o.id = %(order)s AND (o.state <> 'unknown'
    OR o.silent_reads >= {SILENT_READS} AND NOT %(is_credit)s)"""


@dataclass(frozen=True, slots=True)
class _Order:
    """The order a report answers."""

    order: int
    kind: str
    state: OrderState
    parameters: Mapping[str, Any]
    source: str
    concentrator: int | None
    created_at: datetime
    text: str
    breaker: int | None
    meter: str
    pod: str


def record(reports: Iterable[LocalReport]) -> Iterator[Submitted]:
    """One answer each, in order; each report is stored in a transaction of its own.

    A report that was stored before answers with its order again.
    """
    for report in reports:
        try:
            local_reports.check(report, datetime.now(UTC))
            with transaction.atomic(), connection.cursor() as cursor:
                answer = _record(cursor, report)
        except Rejected as refused:
            answer = Submitted(rejected=refused)
            with transaction.atomic(), connection.cursor() as cursor:
                acts.reported(cursor, report.reported_by, report.request(), report.order, refused)
        yield answer


def _record(cursor: CursorWrapper, report: LocalReport) -> Submitted:
    if (found := _find(cursor, report)) is None:
        _store(cursor, report)
        found = _existing(cursor, report)
    touched = [found.concentrator] if found.concentrator else []
    lanes.hold(cursor, touched)
    found = _existing(cursor, report)  # as it is now that no visit moves it
    activity = _fitting(report, found)
    result = report.result(activity, found.parameters)
    state = OrderState.DONE if report.is_done else OrderState.FAILED
    if (state, result.text[:TEXT_LIMIT], result.breaker) == (
        found.state,
        found.text,
        found.breaker,
    ):
        return Submitted(found.order, None, state, is_repeat=True)
    _end(cursor, report, found, activity, result)
    lanes.tell(cursor, touched)
    acts.reported(cursor, report.reported_by, report.request(), found.order, None)
    return Submitted(found.order, None, state)


def _find(cursor: CursorWrapper, report: LocalReport) -> _Order | None:
    """The order that is named, or the one with that id, whoever asked for it."""
    company, system, outer = report.company_id, report.external_system, report.outer_id
    keys = [key_of(company, source, system, outer) for source in OrderSource.values]
    named: dict[str, Any] = {"company": company, "order": report.order, "keys": keys}
    cursor.execute(_BY_NUMBER if report.order else _BY_KEY, named)
    rows = cursor.fetchall()
    if len(rows) > 1:
        raise Rejected("2.15", f"several orders have the id {outer}: name the order by its number")
    if not rows and report.order:
        raise Rejected("2.15", f"there is no order {report.order}")
    if not rows:
        return None
    order, kind, state, parameters, *rest = rows[0]
    return _Order(order, kind, OrderState(state), json.loads(parameters), *rest)


def _existing(cursor: CursorWrapper, report: LocalReport) -> _Order:
    found = _find(cursor, report)
    assert found is not None  # noqa: S101 - orders are never deleted
    return found


def _store(cursor: CursorWrapper, report: LocalReport) -> None:
    """A new order that nobody is told of: it ends in this transaction.

    The meter need be neither commissioned nor under a concentrator: that is what the app is for.
    Of two who report the same at once one finds the other's order afterwards.
    """
    request = report.request()
    activity = activity_of(request)
    local_reports.check_kind(activity)
    [place] = intake.places(cursor, [request])
    check_meter(request, place)
    draft = Draft(
        request=request,
        key=request.new_key(),
        hash=request.fingerprint(),
        parameters=parsed(activity, request),
        place=place,
        expires_at=datetime.now(UTC),
        state=OrderState.QUEUED,
    )
    row = audit.draw(cursor)
    acts.accepted(cursor, row, [draft], intake.insert(cursor, [draft], row))


def _fitting(report: LocalReport, found: _Order) -> OrderActivity:
    """The activity; refuses a report that says something else than the order it answers."""
    if found.kind not in ACTIVITIES:
        raise Rejected("2.9", f"order {found.order} is a bundle: report its steps")
    activity = ACTIVITIES[found.kind]
    local_reports.check_kind(activity)
    said = parsed(activity, report.request()) if report.parameters else found.parameters
    for name, told, kept in (
        ("kind", report.kind, found.kind),
        ("meter", report.meter, found.meter),
        ("POD", report.pod, found.pod),
        ("parameters", said, found.parameters),
    ):
        if told and told != kept:
            raise Rejected("2.29", f"order {found.order} has the {name} {kept}, not {told}")
    if found.source != OrderSource.LOCAL and report.executed_at < found.created_at - CLOCK:
        text = "was made after that execution - report it with an outer_id of its own"
        raise Rejected("6.1", f"order {found.order} {text}")
    return activity


def _end(
    cursor: CursorWrapper,
    report: LocalReport,
    found: _Order,
    activity: OrderActivity,
    result: Result,
) -> None:
    cause = Cause.EXECUTED_LOCALLY if report.is_done else Cause.FAILED_LOCALLY
    values = {"order": found.order, "is_credit": activity.needs_transaction}
    columns = {"executed_by": report.executed_by, "executed_at": report.executed_at}
    who = report.reported_by
    if not end(cursor, cause, _THIS, values, result, who=who, columns=columns):
        raise _too_late(found, activity)
    if report.is_done:
        replacing.supersede_by_local(cursor, found.order, who)


def _too_late(found: _Order, activity: OrderActivity) -> Rejected:
    """Why an order is not ended by a report, and what to do."""
    order, own = f"order {found.order}", "report this with an outer_id of its own"
    if found.state is OrderState.SENDING:
        return Rejected("5.2", f"{order} is being sent from here - report again in a minute")
    if found.state is not OrderState.UNKNOWN:
        text = f"{order} has ended already ({found.state}) - if it was carried out at the meter too"
        return Rejected("2.15", f"{text}, {own}")
    if activity.needs_transaction:
        return Rejected("5.2", f"{order} may have charged as well: have it resolved, then {own}")
    text = "may have been carried out from here and is being read back"
    return Rejected("5.2", f"{order} {text} - report again when that is over")
