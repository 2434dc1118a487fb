"""Which daily files hold which blocks, and where copies of them lie (design D11, 8)."""

from django.db import models


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
    """One daily CSV file: what is committed of it, and from which blocks it can be rebuilt.

    `size` and `sha256` are those of the CSV text for good, also when `<path>.gz` lies on the disk
    in its place (`gzipped_at`) or nothing does any more (`removed_at`).
    """

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
    gzipped_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "export_file"
        constraints = [
            models.UniqueConstraint(
                fields=["company_id", "kind", "day", "number"], name="export_file_once"
            )
        ]

    def __str__(self) -> str:
        return self.path


class BlobCopy(models.Model):
    """One sealed file (CSV, `.done`, manifest) on its way to a container, create-only.

    The row is committed before the upload: if the blob exists afterwards, this is the hash it was
    created with.
    """

    container = models.CharField(max_length=200, help_text="address without any signature")
    path = models.CharField(
        max_length=300, help_text="below the export folder, and the blob's name"
    )
    day = models.DateField()
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    begun_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True, help_text="another blob has the name: a person")
    reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        db_table = "blob_copy"
        constraints = [models.UniqueConstraint(fields=["container", "path"], name="blob_copy_once")]

    def __str__(self) -> str:
        return self.path
