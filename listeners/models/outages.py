"""Outages, whom they reach, how they went, and what they come to per day (issue 5.4).

Devices and usage points are named by number without a foreign key, as in `power_change`: history
outlives what it tells of, and a storm writes 100,000 rows without as many look-ups.
"""

from django.db import models
from django.db.models import Q

from devices.models import Company
from listeners.models.power import PowerSource
from listeners.outages.facts import Level

LEVELS = [(level.value, level.name.title()) for level in Level]


class OutageState(models.TextChoices):
    """MERGED: it goes on as part of its parent."""

    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


class Outage(models.Model):
    """Something without power, at the highest level that explains it. One is open per node.

    `since` and `until` are when it happened, `opened_at` and `closed_at` when we knew.
    """

    company = models.ForeignKey(Company, models.CASCADE)
    level = models.CharField(max_length=12, choices=LEVELS)
    node_id = models.BigIntegerField(help_text="of the level: substation, transformer ...")
    name = models.CharField(max_length=100, help_text="of the node, as it was called then")
    substation_id = models.BigIntegerField(null=True)
    transformer_id = models.BigIntegerField(null=True)
    concentrator_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=6, choices=OutageState, default=OutageState.OPEN)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    meters = models.IntegerField(default=0, help_text="in all, also those without a customer")
    meters_out = models.IntegerField(default=0)
    concentrators_out = models.IntegerField(default=0, help_text="that are dark themselves")
    customers = models.IntegerField(default=0, help_text="installed meters with a POD, in all")
    customers_out = models.IntegerField(default=0, help_text="of them still without power")
    customer_seconds = models.BigIntegerField(null=True, help_text="known when it has ended")
    restored_by = models.CharField(max_length=10, choices=PowerSource, blank=True, default="")
    parent = models.ForeignKey("self", models.DO_NOTHING, null=True, db_constraint=False)
    nested_in_id = models.BigIntegerField(null=True, help_text="the larger one it was left over of")

    class Meta:
        db_table = "outage"
        constraints = (
            models.UniqueConstraint(
                fields=["level", "node_id"], condition=Q(state="open"), name="outage_open_once"
            ),
        )
        indexes = (
            models.Index(fields=["company", "-id"], name="outage_of_company"),
            models.Index(fields=["company"], condition=Q(state="open"), name="outage_open"),
            models.Index(fields=["parent"], condition=Q(parent__isnull=False), name="outage_parts"),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.level} {self.name} {self.state}"


class Interruption(models.Model):
    """One meter, or one concentrator itself, without power for some time.

    `is_own`: the device itself said so; otherwise it is concluded from its concentrator. The
    network above it is that of `began_at`. Without outage it waits for the rules, or was momentary.
    """

    company_id = models.BigIntegerField()
    meter_id = models.BigIntegerField(null=True)
    usage_point_id = models.BigIntegerField(null=True, help_text="null: no customer")
    concentrator_id = models.BigIntegerField(null=True)
    transformer_id = models.BigIntegerField(null=True)
    substation_id = models.BigIntegerField(null=True)
    is_own = models.BooleanField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=10, choices=PowerSource, blank=True, default="",
                                db_default="")  # fmt: skip
    is_momentary = models.BooleanField(default=False, db_default=False)
    outage = models.ForeignKey(Outage, models.DO_NOTHING, null=True, db_constraint=False,
                               db_index=False)  # fmt: skip
    nested_in_id = models.BigIntegerField(null=True, help_text="the outage it was left over of")

    class Meta:
        db_table = "interruption"
        constraints = (
            models.UniqueConstraint(
                fields=["meter_id"], condition=Q(ended_at=None), name="interruption_open_once"
            ),
            models.UniqueConstraint(
                fields=["concentrator_id"],
                condition=Q(ended_at=None, meter_id=None),
                name="interruption_of_concentrator_open_once",
            ),
        )
        indexes = (
            models.Index(
                fields=["company_id"],
                condition=Q(outage=None, is_momentary=False),
                name="interruption_waiting",
            ),
            models.Index(
                fields=["concentrator_id"],
                condition=Q(ended_at=None, is_own=False),
                name="interruption_below",
            ),
            models.Index(
                fields=["outage"], condition=Q(outage__isnull=False), name="interruption_of_outage"
            ),
            models.Index(
                fields=["company_id", "ended_at"],
                condition=Q(ended_at__isnull=False),
                name="interruption_of_day",
            ),
            models.Index(
                fields=["nested_in_id"],
                condition=Q(nested_in_id__isnull=False),
                name="interruption_left_over",
            ),
            models.Index(  # what a device may say better
                fields=["concentrator_id", "ended_at"],
                condition=Q(ended_by__in=["answer", "order"]),
                name="interruption_end_by_others",
            ),
            models.Index(  # with the open one, all of a meter
                fields=["meter_id"],
                condition=Q(ended_at__isnull=False),
                name="interruption_of_meter",
            ),
        )

    def __str__(self) -> str:
        return f"{self.meter_id or self.concentrator_id} since {self.began_at}"


class StepKind(models.TextChoices):
    """How an outage went on."""

    OPENED = "opened"
    GREW = "grew"
    CHECKED = "checked"
    RESTORED = "restored"
    MERGED = "merged"
    CLOSED = "closed"
    CORRECTED = "corrected"


class OutageStep(models.Model):
    """One entry of an outage's timeline; `customers_out` is how many were without power then."""

    outage = models.ForeignKey(Outage, models.CASCADE, related_name="steps")
    at = models.DateTimeField(help_text="when it happened")
    known_at = models.DateTimeField()
    kind = models.CharField(max_length=9, choices=StepKind)
    customers_out = models.IntegerField()
    text = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "outage_step"

    def __str__(self) -> str:
        return f"{self.outage_id} {self.kind}"


class OutageDay(models.Model):
    """What interruptions of a company came to on one civil day of the company."""

    company = models.ForeignKey(Company, models.CASCADE)
    day = models.DateField()
    customers = models.IntegerField(default=0, help_text="installed meters with a POD")
    interruptions = models.IntegerField(default=0, help_text="customers; those that began then")
    momentaries = models.IntegerField(default=0, help_text="shorter ones, which are no outage")
    customer_seconds = models.BigIntegerField(default=0, help_text="without power within that day")
    outages = models.IntegerField(default=0, help_text="that began then, without merged ones")
    counted_at = models.DateTimeField(null=True, help_text="null: something of that day changed")

    class Meta:
        db_table = "outage_day"
        constraints = (
            models.UniqueConstraint(fields=["company", "day"], name="outage_day_once_per_company"),
        )

    def __str__(self) -> str:
        return f"{self.company_id} {self.day}"


class Storm(models.Model):
    """A time in which losses of power came faster than `storm_rate`; open while `until` is null."""

    company = models.ForeignKey(Company, models.CASCADE)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        db_table = "outage_storm"
        constraints = (
            models.UniqueConstraint(
                fields=["company"], condition=Q(until=None), name="storm_open_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.company_id} since {self.since}"


class Finding(models.TextChoices):
    """What an outage check found; NONE: the order ended without an answer about the meter."""

    ANSWERED = "answered"
    SILENT = "silent"
    NONE = "none"


class OutageCheck(models.Model):
    """One bellwether meter that was asked whether it has power, by an order of source `rule`."""

    company = models.ForeignKey(Company, models.CASCADE)
    level = models.CharField(max_length=12, choices=LEVELS)
    node_id = models.BigIntegerField()
    outage_id = models.BigIntegerField(null=True, help_text="null: the node was only suspected")
    meter_id = models.BigIntegerField()
    round = models.PositiveSmallIntegerField(help_text="of the node, from 1")
    asked_at = models.DateTimeField()
    order_id = models.BigIntegerField(null=True, help_text="null: it was refused")
    finding = models.CharField(max_length=8, choices=Finding, blank=True, default="")
    found_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "outage_check"
        indexes = (
            models.Index(fields=["level", "node_id", "-asked_at"], name="outage_check_of_node"),
            models.Index(fields=["order_id"], condition=Q(finding=""), name="outage_check_open"),
        )

    def __str__(self) -> str:
        return f"{self.meter_id} round {self.round}"
