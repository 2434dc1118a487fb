"""What callers get of outages."""

from typing import Any

from rest_framework import serializers

Fields = serializers.Serializer[Any]


class OutageTold(Fields):
    """An outage as it is now."""

    outage = serializers.IntegerField()
    level = serializers.CharField(help_text="substation, transformer, concentrator, meter")
    name = serializers.CharField(help_text="of the node at that level")
    state = serializers.CharField(help_text="open, closed, merged (goes on in `part_of`)")
    substation = serializers.CharField()
    transformer = serializers.CharField()
    concentrator = serializers.CharField()
    since = serializers.DateTimeField(help_text="power lost")
    until = serializers.DateTimeField(allow_null=True, help_text="power back")
    opened_at = serializers.DateTimeField(help_text="when we knew")
    closed_at = serializers.DateTimeField(allow_null=True)
    meters = serializers.IntegerField()
    customers = serializers.IntegerField(help_text="installed meters with a POD, in all")
    customers_out = serializers.IntegerField(help_text="without power now")
    customer_minutes = serializers.FloatField(allow_null=True, help_text="null: not over")
    restored_by = serializers.CharField(help_text="gasp, answer, order")
    part_of = serializers.IntegerField(allow_null=True)
    nested_in = serializers.IntegerField(
        allow_null=True, help_text="the larger outage it was left over of"
    )


class StepTold(Fields):
    """One entry of a timeline."""

    at = serializers.DateTimeField(help_text="when it happened")
    known_at = serializers.DateTimeField()
    kind = serializers.CharField(
        help_text="opened, grew, checked, restored, merged, closed, corrected"
    )
    customers_out = serializers.IntegerField()
    text = serializers.CharField()


class CheckTold(Fields):
    """A bellwether meter that was asked."""

    round = serializers.IntegerField()
    asked_at = serializers.DateTimeField()
    meter = serializers.CharField()
    order = serializers.IntegerField(allow_null=True, help_text="null: it was refused")
    finding = serializers.CharField(help_text="answered, silent, none; empty: not yet")
    found_at = serializers.DateTimeField(allow_null=True)


class OutageWithTimeline(OutageTold):
    """An outage, how it went, and who was asked."""

    timeline = StepTold(many=True)
    checks = CheckTold(many=True, help_text="the last 100, newest first")


class SuspectTold(Fields):
    """A site below which power is lost since too short a time to tell an outage from a moment."""

    substation = serializers.CharField()
    transformer = serializers.CharField()
    concentrator = serializers.CharField(help_text="where no transformer is known")
    since = serializers.DateTimeField()
    meters = serializers.IntegerField()
    customers_out = serializers.IntegerField()


class OutagesTold(Fields):
    """Outages, newest first; `next` is the `before` of the next page, null on the last one."""

    storm_since = serializers.DateTimeField(
        allow_null=True, help_text="in a storm single customers are told when it is over"
    )
    suspected = SuspectTold(many=True, help_text="dark, and not told yet; the largest 200")
    outages = OutageTold(many=True)
    next = serializers.IntegerField(allow_null=True)


class CustomerTold(Fields):
    """A meter that an outage reaches."""

    interruption = serializers.IntegerField()
    meter = serializers.CharField()
    pod = serializers.CharField(help_text="empty: no customer")
    concentrator = serializers.CharField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True)
    restored_by = serializers.CharField()
    said_itself = serializers.BooleanField(help_text="else concluded from its concentrator")


class CustomersTold(Fields):
    """Meters of an outage; `next` is the `after` of the next page, null on the last one."""

    customers = CustomerTold(many=True)
    next = serializers.IntegerField(allow_null=True)


class DayTold(Fields):
    """What interruptions came to on one civil day of the company."""

    day = serializers.DateField()
    customers = serializers.IntegerField(help_text="installed meters with a POD")
    outages = serializers.IntegerField()
    interruptions = serializers.IntegerField(help_text="customers; those that began that day")
    momentaries = serializers.IntegerField()
    customer_minutes = serializers.FloatField()
    saidi = serializers.FloatField(help_text="minutes per customer")
    saifi = serializers.FloatField(help_text="interruptions per customer")
    caidi = serializers.FloatField(help_text="minutes per interruption")
    maifi = serializers.FloatField(help_text="momentaries per customer")


class DaysTold(Fields):
    days = DayTold(many=True)
