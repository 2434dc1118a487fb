"""What is dark now, and every change of it: the seam between datagrams and outages."""

from django.db import models
from django.db.models import F, Q

from devices.models import Company, Concentrator, Meter


class PowerSource(models.TextChoices):
    """What told of a change: a last gasp, any answer of the device, or an order about it."""

    GASP = "gasp"
    ANSWER = "answer"
    ORDER = "order"


class PowerState(models.Model):
    """One row per concentrator or meter that ever spoke of its power; whether it is dark.

    `since` is the device's own stamp where that is believable, else the receipt. The last three
    belong to the newest message believed, whether it changed anything or not: they say which of two
    messages is the older one (`listeners.power`). No constraint of the database looks the devices
    up again: in a storm that would cost more than the row.
    """

    company = models.ForeignKey(Company, models.CASCADE, db_index=False, db_constraint=False)
    concentrator = models.OneToOneField(
        Concentrator, models.CASCADE, null=True, db_constraint=False
    )
    meter = models.OneToOneField(Meter, models.CASCADE, null=True, db_constraint=False)
    is_dark = models.BooleanField()
    since = models.DateTimeField()
    heard_at = models.DateTimeField(help_text="its receipt, UTC")
    stamped_at = models.DateTimeField(null=True, help_text="its stamp, UTC; null: not believable")
    clock_id = models.BigIntegerField(
        null=True, help_text="the concentrator whose clock gave the stamp; null: the device's own"
    )

    class Meta:
        db_table = "power_state"
        constraints = (
            models.CheckConstraint(
                condition=Q(concentrator=None) ^ Q(meter=None), name="power_state_of_one_device"
            ),
        )
        indexes = (
            models.Index(
                fields=["company", "since"], condition=Q(is_dark=True), name="power_state_dark"
            ),
            models.Index(  # a return of power that somebody else told of before
                fields=["heard_at"],
                condition=Q(is_dark=False, stamped_at__lt=F("since")),
                name="power_state_lit_before",
            ),
        )

    def __str__(self) -> str:
        return f"{'dark' if self.is_dark else 'lit'} since {self.since}"


class PowerChange(models.Model):
    """One change, insert-only, partitioned by month of record; read in the order `(xid, id)`."""

    pk = models.CompositePrimaryKey("recorded_at", "id")
    id = models.BigIntegerField()
    recorded_at = models.DateTimeField(help_text="by the database clock")
    company_id = models.BigIntegerField()
    concentrator_id = models.BigIntegerField(null=True)
    meter_id = models.BigIntegerField(null=True)
    is_dark = models.BooleanField()
    at = models.DateTimeField(help_text="when it happened, as PowerState.since")
    source = models.CharField(max_length=10, choices=PowerSource)

    class Meta:
        db_table = "power_change"
        managed = False

    def __str__(self) -> str:
        return f"{'dark' if self.is_dark else 'lit'} at {self.at}"
