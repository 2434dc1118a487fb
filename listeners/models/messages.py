"""What devices said by themselves: every message for some years, the last of each type for ever."""

from django.db import models

from devices.models import Concentrator, Meter


class SpontaneousMessage(models.Model):
    """One message that was understood and believed, insert-only, partitioned by month of receipt.

    `device_local` counts seconds from 1970 in the device's local time, as the message carries it;
    `utc_offset` (minutes east of UTC) turns receipts into the device's local time.
    """

    pk = models.CompositePrimaryKey("received_at", "id")
    id = models.BigIntegerField()
    received_at = models.DateTimeField(help_text="by the listener's clock, UTC")
    company_id = models.BigIntegerField()
    concentrator_id = models.BigIntegerField(null=True)
    meter_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=30)
    device_local = models.BigIntegerField()
    utc_offset = models.SmallIntegerField()
    is_stamp_doubted = models.BooleanField(help_text="in the future, or the clock lost its date")
    source = models.GenericIPAddressField()
    port = models.IntegerField(help_text="ours, that it came to")
    message = models.BinaryField()

    class Meta:
        db_table = "spontaneous_message"
        managed = False

    def __str__(self) -> str:
        return f"{self.kind} {self.received_at:%Y-%m-%d %H:%M:%S}"


class SuspectMessage(models.Model):
    """One message that changed nothing, and why; insert-only, partitioned by month of receipt.

    Only samples where one source sends many; `listener_count` counts them all.
    """

    pk = models.CompositePrimaryKey("received_at", "id")
    id = models.BigIntegerField()
    received_at = models.DateTimeField(help_text="by the listener's clock, UTC")
    company_id = models.BigIntegerField(null=True, help_text="of the device it claims to be")
    reason = models.CharField(max_length=40)
    serial = models.CharField(max_length=40, help_text="as it says")
    kind = models.CharField(max_length=30)
    source = models.GenericIPAddressField()
    port = models.IntegerField(help_text="ours, that it came to")
    message = models.BinaryField()

    class Meta:
        db_table = "suspect_message"
        managed = False

    def __str__(self) -> str:
        return f"{self.reason}: {self.serial}"


class _Last(models.Model):
    """What the reports of 000 (3.3.1) print of a message; nothing that changes is indexed."""

    kind = models.CharField(max_length=30)
    source = models.GenericIPAddressField()
    port = models.IntegerField()
    device_local = models.BigIntegerField()
    received_at = models.DateTimeField()
    utc_offset = models.SmallIntegerField()
    message = models.BinaryField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.kind} {self.received_at:%Y-%m-%d %H:%M:%S}"


class LastConcentratorMessage(_Last):
    """The last message of each type that a concentrator sent about itself."""

    pk = models.CompositePrimaryKey("concentrator_id", "kind")
    concentrator = models.ForeignKey(
        Concentrator, models.CASCADE, db_index=False, db_constraint=False
    )

    class Meta:
        db_table = "last_concentrator_message"


class LastMeterMessage(_Last):
    """The last message of each type about a meter, and the concentrator that told."""

    pk = models.CompositePrimaryKey("meter_id", "kind")
    meter = models.ForeignKey(Meter, models.CASCADE, db_index=False, db_constraint=False)
    concentrator = models.ForeignKey(
        Concentrator, models.SET_NULL, null=True, db_index=False, db_constraint=False
    )

    class Meta:
        db_table = "last_meter_message"


class WakeUp(models.Model):
    """The last wake-up of a concentrator: the address it gave, and when work was last poked."""

    concentrator = models.OneToOneField(Concentrator, models.CASCADE, primary_key=True)
    address = models.GenericIPAddressField(help_text="as the message says; changes no inventory")
    heard_at = models.DateTimeField()
    poked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "wake_up"

    def __str__(self) -> str:
        return f"{self.pk} at {self.address}"
