"""Reports of the field app, and what can be refused of them without looking (001 2.4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hes.domain import identifiers
from hes.domain.errors import BadValue
from workorders.activities.orders.base import OrderActivity, Rejected, Result
from workorders.activities.orders.breakers import state_after
from workorders.models import OrderSource
from workorders.requests import TOO_OLD, Request

CLOCK = timedelta(minutes=5)  # how far a telephone's clock may be off (assumed)
LONGEST_WORD = 60  # of executed_by and reason: both fit into the printed text
# Technical orders that leave nothing behind in the inventory; which ones the app knows is assumed.
TECHNICAL = frozenset({"meter_synchronisation", "autodiagnostic", "meter_dst", "meter_script"})


@dataclass(frozen=True, slots=True)
class LocalReport:
    """One activity carried out at a meter. `order` or `outer_id` names it, else it is a new one.

    `executed_at` is the app's clock, aware. `breaker` in percent; where it is not given, what the
    activity leaves. `reason` of a failure as the app words it.
    """

    company_id: int
    reported_by: str
    executed_by: str
    executed_at: datetime
    is_done: bool
    reason: str = ""
    order: int | None = None
    outer_id: str = ""
    external_system: str = ""
    correlation_id: str = ""
    kind: str = ""
    meter: str | None = None
    pod: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    breaker: int | None = None

    def request(self) -> Request:
        """The order it would have been, had somebody asked for it."""
        return Request(
            kind=self.kind,
            company_id=self.company_id,
            meter=self.meter,
            pod=self.pod,
            parameters=self.parameters,
            source=OrderSource.LOCAL,
            requested_by=self.reported_by,
            external_system=self.external_system,
            outer_id=self.outer_id,
            correlation_id=self.correlation_id,
            is_external=bool(self.external_system),
        )

    def result(self, activity: OrderActivity, parameters: Mapping[str, Any]) -> Result:
        """As of a remote execution, and who did it when; the wording is assumed."""
        at = self.executed_at.astimezone(UTC)
        by = f"executed locally by {self.executed_by} at {at:%Y-%m-%d %H:%M:%S} UTC"
        if not self.is_done:
            said = f"[{activity.command}] {self.reason or 'NOT CARRIED OUT'} - {by}"
            return Result(False, activity.ko_code, said, self.breaker)
        breaker = self.breaker
        if breaker is None:
            breaker = state_after(activity.kind, parameters)
        return Result(True, activity.ok_code, f"OK - {by}", breaker)


def check(report: LocalReport, now: datetime) -> None:
    """Refuse what no report can be, whatever the database holds."""
    if not (report.order or report.outer_id):
        text = "without an outer_id a repeated report looks like a second execution: give one"
        raise Rejected("1.6", f"no order is named, and {text}")
    if report.executed_at > now + CLOCK:
        text = "is in the future - set the clock of the device that reported it"
        raise Rejected("6.1", f"executed at {report.executed_at:%Y-%m-%d %H:%M} {text}")
    if report.executed_at < now - TOO_OLD:
        raise Rejected("6.1", f"executed at {report.executed_at:%Y-%m-%d}: over a month ago")
    if report.breaker is not None and not 0 <= report.breaker <= 100:
        raise Rejected("5.8", f"breaker {report.breaker}: give 0 (open) to 100 (closed)")
    try:
        identifiers.name(report.executed_by, LONGEST_WORD)
        identifiers.named_text("reason", report.reason, LONGEST_WORD)
    except BadValue as fault:
        raise Rejected("5.8", f"executed by {report.executed_by[:40]!r}: {fault}") from None


def check_kind(activity: OrderActivity) -> None:
    """Refuse what only a visit can end: it changes keys, tables or the inventory as well."""
    if not (activity.is_commercial or activity.kind in TECHNICAL):
        raise Rejected("2.9", f"{activity.kind} is not reported by the field app")
