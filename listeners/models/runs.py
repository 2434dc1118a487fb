"""What each process that listens says of itself."""

from django.db import models
from django.db.models.functions import Now


class ListenerRun(models.Model):
    """One start of `hes listen`; `last_block` makes sure that no block is committed twice.

    `received` counts rows of the journal. The other figures are those of `seen_at`: `kernel_drops`
    since the start, `buffer` the bytes of the smallest socket buffer, `spooled` datagrams on disk,
    `waiting_since` the receipt of the oldest datagram that is not in the journal yet.
    """

    uid = models.UUIDField(primary_key=True)
    host = models.CharField(max_length=255)
    ports = models.CharField(max_length=100, db_default="", help_text="as people read them")
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    last_block = models.BigIntegerField(db_default=0)
    received = models.BigIntegerField(db_default=0)
    kernel_drops = models.BigIntegerField(db_default=0)
    refused = models.BigIntegerField(db_default=0, help_text="connections beyond the limit")
    buffer = models.BigIntegerField(db_default=0)
    spooled = models.BigIntegerField(db_default=0)
    waiting_since = models.DateTimeField(null=True)

    class Meta:
        db_table = "listener_run"

    def __str__(self) -> str:
        return f"{self.host} {self.ports}"
