"""Where every sink stands, what it could not deliver, what it is asked to send again."""

from django.db import models


class SinkCursor(models.Model):
    """How far a sink has read in the order `(xid, id)`, and who may move it (design D11).

    A hub sends `(xid, block_id) < block <= (sending_xid, sending_id)`, cut as `packing` says. That
    is committed before the first byte, so that whoever goes on after a kill sends the same.
    """

    sink = models.CharField(max_length=60, primary_key=True)
    kind = models.CharField(max_length=3, blank=True, help_text="empty: blocks of all kinds")
    company_id = models.BigIntegerField(null=True, help_text="null: blocks of all companies")
    xid = models.BigIntegerField(default=0, db_default=0)
    block_id = models.BigIntegerField(default=0, db_default=0)
    sending_xid = models.BigIntegerField(null=True)
    sending_id = models.BigIntegerField(null=True)
    packing = models.CharField(max_length=60, blank=True, default="", db_default="")
    system_identifier = models.BigIntegerField(help_text="the cluster whose xids these are")
    stream_epoch = models.IntegerField(default=1, db_default=1)
    owner_epoch = models.BigIntegerField(default=0, db_default=0)
    is_enabled = models.BooleanField(default=True, db_default=True)
    lose_until = models.DateTimeField(
        null=True, help_text="disabled: what was recorded before need not be kept for this sink"
    )
    moved_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True, default="", db_default="")
    lines = models.BigIntegerField(default=0, db_default=0, help_text="delivered, repeats too")
    bytes = models.BigIntegerField(default=0, db_default=0, help_text="of these lines")
    messages = models.BigIntegerField(default=0, db_default=0, help_text="hubs only")

    class Meta:
        db_table = "sink_cursor"

    def __str__(self) -> str:
        return self.sink


class SinkReplay(models.Model):
    """A wish to send again what was recorded within `[begins, ends)`; done beside the live stream.

    `(xid, block_id)` is how far it has come; `packing` is fixed when it starts.
    """

    sink = models.CharField(max_length=60)
    begins = models.DateTimeField()
    ends = models.DateTimeField()
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField(auto_now_add=True)
    xid = models.BigIntegerField(default=0)
    block_id = models.BigIntegerField(default=0)
    packing = models.CharField(max_length=60, blank=True, default="")
    lines = models.BigIntegerField(default=0)
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sink_replay"
        indexes = [
            models.Index(
                fields=["sink", "id"],
                condition=models.Q(done_at=None),
                name="sink_replay_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.sink} {self.begins:%Y-%m-%d %H:%M} to {self.ends:%Y-%m-%d %H:%M}"


class DeadLetter(models.Model):
    """One message that a hub refuses for what it is: kept whole, sent again when asked for."""

    sink = models.CharField(max_length=60)
    dedup_id = models.CharField(max_length=80)
    key = models.CharField(max_length=100, help_text="what the partition is chosen by")
    content_type = models.CharField(max_length=40)
    properties = models.JSONField()
    body = models.BinaryField()
    reason = models.CharField(max_length=300)
    tries = models.PositiveIntegerField()
    parked_at = models.DateTimeField(auto_now_add=True)
    asked_at = models.DateTimeField(null=True, help_text="to be sent again")
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "export_dead_letter"
        constraints = [
            models.UniqueConstraint(fields=["sink", "dedup_id"], name="export_dead_letter_once")
        ]

    def __str__(self) -> str:
        return f"{self.sink} {self.dedup_id}"
