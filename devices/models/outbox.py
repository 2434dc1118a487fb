"""The one road out: export blocks, the slot ledger, recent events (design D10, D12).

All three are partitioned; the tables are made by hand-written SQL in the first migration.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class ExportBlock(models.Model):
    """Ready lines of one kind, company and UTC day of recording. Never altered once stored.

    Read in the order `(xid, id)` behind the snapshot horizon; `body` is zlib level 1 if
    `is_compressed`. `devices` and `line_starts` are the small index: the lines of `devices[i]`
    are the numbers `line_starts[i]` up to `line_starts[i + 1]`.
    """

    pk = models.CompositePrimaryKey("day", "id")
    id = models.BigIntegerField()
    uid = models.UUIDField()
    kind = models.CharField(max_length=3)
    company_id = models.BigIntegerField()
    day = models.DateField()
    concentrator_id = models.BigIntegerField(null=True)
    utc_offset = models.SmallIntegerField(null=True, help_text="minutes east of UTC of the stamps")
    lines = models.IntegerField()
    size = models.IntegerField(help_text="bytes of the lines, uncompressed")
    is_compressed = models.BooleanField()
    body = models.BinaryField()
    devices = ArrayField(models.BigIntegerField())
    line_starts = ArrayField(models.IntegerField())
    correlation_id = models.CharField(max_length=200, null=True)  # noqa: DJ001 - null: no order
    order_id = models.BigIntegerField(null=True)
    external_system = models.CharField(max_length=60, null=True)  # noqa: DJ001 - null: no order
    recorded_at = models.DateTimeField(help_text="by the database clock, when the row was written")

    class Meta:
        db_table = "export_block"
        managed = False

    def __str__(self) -> str:
        return f"{self.kind} {self.day} {self.id}"


class SlotLedger(models.Model):
    """Which sample slots of a meter have left: 4 channels x 96 quarters of a UTC day per row.

    `bits` have left, `good` have left with a good state, `fresh` left by the last statement.
    """

    pk = models.CompositePrimaryKey("day", "meter_id", "kind", "grp")
    day = models.DateField()
    meter_id = models.BigIntegerField()
    kind = models.SmallIntegerField()
    grp = models.SmallIntegerField()
    bits = models.TextField()
    good = models.TextField()
    fresh = models.TextField()

    class Meta:
        db_table = "slot_ledger"
        managed = False

    def __str__(self) -> str:
        return f"{self.meter_id} {self.kind} {self.day}"


class EndDeviceEvent(models.Model):
    """A recent event kept for screens; what is exported is the block, not this row."""

    pk = models.CompositePrimaryKey("at", "id")
    id = models.BigIntegerField()
    at = models.DateTimeField(help_text="when we knew it, UTC")
    device_at = models.DateTimeField(null=True, help_text="the device's own stamp, UTC")
    company_id = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    code = models.CharField(max_length=20, blank=True)
    text = models.CharField(max_length=200, blank=True)
    concentrator_id = models.BigIntegerField(null=True)
    meter_id = models.BigIntegerField(null=True)
    usage_point_name = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(null=True)
    alarm = models.CharField(max_length=10, blank=True, help_text="codes/meter_alarms.csv")

    class Meta:
        db_table = "end_device_event"
        managed = False

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M:%S}"
