"""Where every sink stands, and which files hold which blocks (design D11, 8)."""

from django.db import models


class SinkCursor(models.Model):
    """How far a sink has read in the order `(xid, id)`, and who may move it."""

    sink = models.CharField(max_length=60, primary_key=True)
    xid = models.BigIntegerField(default=0, db_default=0)
    block_id = models.BigIntegerField(default=0, db_default=0)
    system_identifier = models.BigIntegerField(help_text="the cluster whose xids these are")
    stream_epoch = models.IntegerField(default=1, db_default=1)
    owner_epoch = models.BigIntegerField(default=0, db_default=0)
    is_enabled = models.BooleanField(default=True, db_default=True)
    moved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sink_cursor"

    def __str__(self) -> str:
        return self.sink


class ExportDay(models.Model):
    """One UTC day of recording of the CSV sink: open, fenced, sealed."""

    day = models.DateField(primary_key=True)
    fence = models.BigIntegerField(null=True, help_text="xid drawn after the day ended")
    sealed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "export_day"

    def __str__(self) -> str:
        return f"{self.day}"


class ExportFile(models.Model):
    """One daily CSV file: what is committed of it, and from which blocks it can be rebuilt."""

    company_id = models.BigIntegerField()
    kind = models.CharField(max_length=3)
    day = models.DateField()
    number = models.PositiveIntegerField(default=1, help_text="1: not part of the name")
    path = models.CharField(max_length=300, help_text="below the export folder")
    size = models.BigIntegerField(default=0, help_text="committed bytes, header included")
    lines = models.BigIntegerField(default=0)
    first_xid = models.BigIntegerField(null=True)
    first_id = models.BigIntegerField(null=True)
    last_xid = models.BigIntegerField(null=True)
    last_id = models.BigIntegerField(null=True)
    layout_version = models.PositiveSmallIntegerField(default=1)
    header = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64, blank=True)
    sealed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "export_file"
        constraints = [
            models.UniqueConstraint(
                fields=["company_id", "kind", "day", "number"], name="export_file_once"
            )
        ]

    def __str__(self) -> str:
        return self.path
