"""What callers get."""

from typing import Any

from rest_framework import serializers

from workorders.requests import Submitted

Fields = serializers.Serializer[Any]


class Fault(Fields):
    """An error: a code of `codes/reply_error_codes.csv`, a sentence with place and cure."""

    code = serializers.CharField()
    text = serializers.CharField()


class ItemTold(Fields):
    """What became of one item: an order, or `code` and `text` of its refusal."""

    index = serializers.IntegerField(help_text="in the request, from 0")
    order = serializers.IntegerField(required=False)
    state = serializers.CharField(required=False)
    hold_reason = serializers.CharField(required=False)
    is_repeat = serializers.BooleanField(required=False, help_text="known already")
    code = serializers.CharField(required=False)
    text = serializers.CharField(required=False)


class ItemsTold(Fields):
    """One answer for each item, in order."""

    items = ItemTold(many=True)


class PreviewTold(Fields):
    """What stands against an order or would be replaced by it; nothing was stored."""

    notes = serializers.ListField(child=serializers.CharField())


class OrderTold(Fields):
    """An order as it is now."""

    order = serializers.IntegerField()
    kind = serializers.CharField(help_text="empty: a bundle")
    state = serializers.CharField()
    bundle = serializers.IntegerField(allow_null=True, help_text="the order a step belongs to")
    step = serializers.IntegerField(allow_null=True)
    meter = serializers.CharField()
    concentrator = serializers.CharField()
    pod = serializers.CharField()
    parameters = serializers.DictField()
    priority = serializers.IntegerField()
    origin = serializers.CharField(help_text="rest, soap, csv, cli, rule, local")
    requested_by = serializers.CharField()
    approved_by = serializers.CharField()
    hold_reason = serializers.CharField(help_text="why it waits for approval")
    external_system = serializers.CharField()
    outer_id = serializers.CharField()
    correlation_id = serializers.CharField()
    created_at = serializers.DateTimeField()
    not_before = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField()
    attempts = serializers.IntegerField()
    sent_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    result_code = serializers.CharField()
    result_text = serializers.CharField()
    result = serializers.DictField(help_text="values that were read")
    breaker = serializers.IntegerField(allow_null=True, help_text="%: 0 open, 100 closed")
    executed_by = serializers.CharField(help_text="locally")
    executed_at = serializers.DateTimeField(allow_null=True, help_text="locally")
    waits_for_a_person = serializers.BooleanField(help_text="no read could tell how it ended")


class Moved(Fields):
    """One move of an order."""

    at = serializers.DateTimeField()
    state = serializers.CharField()
    cause = serializers.CharField()
    who = serializers.CharField()
    text = serializers.CharField()


class OrderWithHistory(OrderTold):
    history = Moved(many=True)


class PageTold(Fields):
    """Orders, newest first; `next` is the `before` of the next page, null on the last one."""

    orders = OrderTold(many=True)
    next = serializers.IntegerField(allow_null=True)


class StateTold(Fields):
    """An order after a decision."""

    order = serializers.IntegerField()
    state = serializers.CharField()


class KindTold(Fields):
    """An activity that can be ordered."""

    kind = serializers.CharField()
    printed = serializers.CharField()
    target = serializers.CharField()
    is_commercial = serializers.BooleanField()
    is_guarded = serializers.BooleanField(help_text="caps, freeze and approval apply")
    is_read_back = serializers.BooleanField(help_text="never sent again before a read")
    parameters = serializers.CharField(help_text="in words; empty: none, or see docs/orders.md")


class KindsTold(Fields):
    kinds = KindTold(many=True)


class FreezeTold(Fields):
    """A freeze; while one is open no disconnection or reduction is sent."""

    company = serializers.CharField(allow_null=True, help_text="null: all companies")
    begun_at = serializers.DateTimeField()
    begun_by = serializers.CharField()
    reason = serializers.CharField()
    ended_at = serializers.DateTimeField(allow_null=True)
    ended_by = serializers.CharField()


class FreezesTold(Fields):
    is_frozen = serializers.BooleanField()
    freezes = FreezeTold(many=True, help_text="the open ones first, then the last ones")


class BreakerTold(Fields):
    """A breaker as last known, or `code` and `text` why it is not."""

    meter = serializers.CharField(required=False)
    pod = serializers.CharField(required=False)
    percent = serializers.IntegerField(required=False)
    state = serializers.CharField(required=False, help_text="Not connected, Connected, Reduced n %")
    known_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="null: as provisioned, no order has told yet"
    )
    code = serializers.CharField(required=False)
    text = serializers.CharField(required=False)


class BreakersTold(Fields):
    """One for each serial, then for each POD, in the order asked."""

    breakers = BreakerTold(many=True)


def item(index: int, answer: Submitted) -> dict[str, Any]:
    """One answer of a submission or report."""
    if answer.rejected:
        return {"index": index, "code": answer.rejected.code, "text": answer.rejected.text}
    return {
        "index": index,
        "order": answer.order_id,
        "state": answer.state,
        "hold_reason": answer.hold_reason,
        "is_repeat": answer.is_repeat,
    }
