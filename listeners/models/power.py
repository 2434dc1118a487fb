"""What is dark now, and every change of it: the seam between datagrams and outages."""

from django.db import models
from django.db.models import F, Q

from devices.models import Company, Concentrator, Meter

_DARK = Q(is_dark=True)
_LATE = Q(is_dark=False, stamped_at__lt=F("since"))  # a return that somebody else told of before


class PowerSource(models.TextChoices):
    """What told of a change: a last gasp, any answer of the device, or an order about it."""

    GASP = "gasp"
    ANSWER = "answer"
    ORDER = "order"


class _Power(models.Model):
    """Whether a device is dark; one row for each that ever spoke of its power.

    `since` is the device's own stamp where that is believable, else the receipt. The last three
    belong to the newest message believed, whether it changed anything or not: they say which of two
    messages is the older one (`listeners.power`). No constraint of the database looks the devices
    up again: in a storm that would cost more than the row.
    """

    company = models.ForeignKey(Company, models.CASCADE, db_index=False, db_constraint=False)
    is_dark = models.BooleanField()
    since = models.DateTimeField()
    heard_at = models.DateTimeField(help_text="its receipt, UTC")
    stamped_at = models.DateTimeField(null=True, help_text="its stamp, UTC; null: not believable")
    clock_id = models.BigIntegerField(
        null=True, help_text="the concentrator whose clock gave the stamp; null: the device's own"
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{'dark' if self.is_dark else 'lit'} since {self.since}"


class ConcentratorPower(_Power):
    """Of concentrators."""

    concentrator = models.OneToOneField(
        Concentrator, models.CASCADE, primary_key=True, db_constraint=False
    )

    class Meta:
        db_table = "concentrator_power"
        indexes = (
            models.Index(fields=["concentrator"], condition=_DARK, name="concentrator_dark"),
            models.Index(fields=["heard_at"], condition=_LATE, name="concentrator_lit_before"),
        )


class MeterPower(_Power):
    """Of meters."""

    meter = models.OneToOneField(Meter, models.CASCADE, primary_key=True, db_constraint=False)

    class Meta:
        db_table = "meter_power"
        indexes = (
            models.Index(fields=["meter"], condition=_DARK, name="meter_dark"),
            models.Index(fields=["heard_at"], condition=_LATE, name="meter_lit_before"),
        )


class PowerChange(models.Model):
    """One change, insert-only, partitioned by month of record; read in the order `(xid, id)`."""

    pk = models.CompositePrimaryKey("recorded_at", "id")  # no index of the database
    id = models.BigIntegerField()
    recorded_at = models.DateTimeField(help_text="by the database clock")
    company_id = models.BigIntegerField()
    concentrator_id = models.BigIntegerField(null=True)
    meter_id = models.BigIntegerField(null=True)
    is_dark = models.BooleanField()
    at = models.DateTimeField(help_text="when it happened, as `since` of its state")
    source = models.CharField(max_length=10, choices=PowerSource)

    class Meta:
        db_table = "power_change"
        managed = False

    def __str__(self) -> str:
        return f"{'dark' if self.is_dark else 'lit'} at {self.at}"
