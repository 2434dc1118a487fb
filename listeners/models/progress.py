"""How far the listeners' second steps have come, and what they made of what they read."""

from django.db import models


class Verdict(models.TextChoices):
    """What became of a datagram; every one gets exactly one of them."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    SUSPECT = "suspect"
    REJECTED = "rejected"


class ListenerCursor(models.Model):
    """The last row that a reader of `(xid, id)` has passed; its lock lets one read at a time."""

    reader = models.CharField(max_length=30, primary_key=True)
    xid = models.BigIntegerField(default=0, db_default=0)
    row_id = models.BigIntegerField(default=0, db_default=0)
    system_identifier = models.BigIntegerField(help_text="of the cluster that counts these xids")
    moved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "listener_cursor"

    def __str__(self) -> str:
        return self.reader


class ListenerCount(models.Model):
    """How many datagrams of a minute of receipt got a verdict, and why."""

    minute = models.DateTimeField()
    verdict = models.CharField(max_length=10, choices=Verdict)
    reason = models.CharField(max_length=40, blank=True)
    count = models.BigIntegerField()

    class Meta:
        db_table = "listener_count"
        constraints = [
            models.UniqueConstraint(
                fields=["minute", "verdict", "reason"], name="listener_count_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.minute:%Y-%m-%d %H:%M} {self.verdict} {self.count}"
