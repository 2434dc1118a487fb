"""The raw journal: every datagram as it came, before anybody asks what it means (design D15)."""

from django.db import models


class Datagram(models.Model):
    """One datagram, insert-only, partitioned by UTC day of receipt; read in the order `(xid, id)`.

    `raw` holds at most the first 2 KiB of `size` bytes. `port` is ours, `source_port` the sender's.
    """

    pk = models.CompositePrimaryKey("day", "id")
    id = models.BigIntegerField()
    day = models.DateField()
    received_at = models.DateTimeField(help_text="by the listener's clock, UTC")
    source = models.GenericIPAddressField()
    source_port = models.IntegerField()
    port = models.IntegerField()
    is_stream = models.BooleanField(help_text="came over TCP")
    size = models.IntegerField()
    raw = models.BinaryField()

    class Meta:
        db_table = "datagram"
        managed = False

    def __str__(self) -> str:
        return f"{self.id} from {self.source}"
