"""What callers send."""

from typing import Any

from rest_framework import serializers

from workorders.api.fields import IdField, InstantField, PrintableField, Strict
from workorders.order_records import LONGEST_PAGE
from workorders.requests import Request
from workorders.states import OrderState

MOST_STEPS = 100
MOST_METERS = 10_000
MOST_REPORTS = 1_000
MOST_ORDERS = 10_000  # and no more than the company's setting order_max_items


class TargetFields(Strict):
    """A device or a POD, what to do with it, and how urgently."""

    meter = serializers.CharField(max_length=64, required=False, help_text="its serial")
    pod = serializers.CharField(max_length=100, required=False, help_text="its name")
    concentrator = serializers.CharField(max_length=64, required=False, help_text="its serial")
    parameters = serializers.DictField(
        required=False, help_text="of the kind: see /api/v1/order-kinds/"
    )
    outer_id = PrintableField(
        max_length=100, required=False, help_text="the same id gives the same order again"
    )


class StepFields(TargetFields):
    """A step of a bundle; without a target of its own it takes the bundle's."""

    kind = serializers.CharField(max_length=40)


class OrderFields(TargetFields):
    """One order: a `kind`, or `steps` for a bundle that is carried out in one visit."""

    kind = serializers.CharField(max_length=40, required=False)
    priority = serializers.IntegerField(
        min_value=0, max_value=9, required=False, help_text="9 first; 4 if not given"
    )
    not_before = InstantField(required=False)
    expires_at = InstantField(required=False)
    bypass_retry = serializers.BooleanField(required=False, help_text="one try only")
    external_system = PrintableField(
        max_length=60, required=False, help_text="on whose behalf; marks the order as external"
    )
    correlation_id = PrintableField(
        max_length=200, required=False, help_text="returned with the result, untouched"
    )
    steps = serializers.ListField(
        child=StepFields(), required=False, allow_empty=False, max_length=MOST_STEPS
    )
    continue_on_error = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("kind" in attrs) == ("steps" in attrs):
            raise serializers.ValidationError("give either a kind, or the steps of a bundle")
        return attrs


class OrdersAsked(Strict):
    """One order or many."""

    orders = serializers.ListField(child=OrderFields(), allow_empty=False, max_length=MOST_ORDERS)


class OrderAsked(Strict):
    """One order to look at beforehand."""

    order = OrderFields()


class Decision(Strict):
    """Why somebody decides so."""

    reason = PrintableField(max_length=150, required=False, allow_blank=True, default="")


class Resolution(Strict):
    """How an order ended, and how one knows."""

    is_done = serializers.BooleanField()
    reason = PrintableField(max_length=150)


class FreezeDecision(Strict):
    """Why disconnections and reductions stop, or go on."""

    reason = PrintableField(max_length=200)


class MetersAsked(Strict):
    """Meters by serial and by POD."""

    meters = serializers.ListField(
        child=serializers.CharField(max_length=64), required=False, default=list
    )
    pods = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, default=list
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        count = len(attrs["meters"]) + len(attrs["pods"])
        if not 1 <= count <= MOST_METERS:
            raise serializers.ValidationError(
                f"{count} serials and PODs: give 1 to {MOST_METERS:,} in one request"
            )
        return attrs


class ReportFields(Strict):
    """One activity carried out at a meter: of an order, or of nobody's (then `kind`, `meter`)."""

    order = IdField(required=False)
    outer_id = PrintableField(max_length=100, required=False)
    external_system = PrintableField(max_length=60, required=False)
    correlation_id = PrintableField(max_length=200, required=False)
    kind = serializers.CharField(max_length=40, required=False)
    meter = serializers.CharField(max_length=64, required=False)
    pod = serializers.CharField(max_length=100, required=False)
    parameters = serializers.DictField(required=False)
    executed_by = PrintableField(max_length=150, help_text="who was at the meter")
    executed_at = InstantField()
    is_done = serializers.BooleanField()
    reason = PrintableField(max_length=150, required=False, help_text="of a failure")
    breaker = serializers.IntegerField(min_value=0, max_value=100, required=False, help_text="%")


class ReportsAsked(Strict):
    """Local executions."""

    results = serializers.ListField(
        child=ReportFields(), allow_empty=False, max_length=MOST_REPORTS
    )


class Filters(Strict):
    """Which orders to list; all that is given must fit."""

    company = serializers.CharField(required=False, help_text="superusers name it")
    state = serializers.ChoiceField([state.value for state in OrderState], required=False)
    kind = serializers.CharField(max_length=40, required=False)
    meter = serializers.CharField(max_length=64, required=False)
    pod = serializers.CharField(max_length=100, required=False)
    outer_id = serializers.CharField(max_length=100, required=False)
    since = InstantField(required=False, help_text="created at or after")
    before = IdField(required=False, help_text="the next page: the `next` of this one")
    limit = serializers.IntegerField(min_value=1, max_value=LONGEST_PAGE, default=100)


def request_of(fields: dict[str, Any], company_id: int, who: str) -> Request:
    """The request of one order."""
    steps = tuple(Request(company_id=company_id, **step) for step in fields.get("steps", ()))
    given = {"kind": "", **fields, "steps": steps}
    return Request(
        company_id=company_id,
        source="rest",
        requested_by=who,
        is_external=bool(fields.get("external_system")),
        **given,
    )
