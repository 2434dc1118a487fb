"""The queue of record: workers, lanes, slots, visits (design D3-D5).

Slots and visits are partitioned by month; their tables are made by hand-written SQL.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from devices.models import Concentrator


class Worker(models.Model):
    """One incarnation of a worker process; lanes point to it, its lease is theirs."""

    host = models.CharField(max_length=100)
    pid = models.IntegerField()
    started_at = models.DateTimeField()
    lease_until = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "worker"

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"


class Lane(models.Model):
    """One endpoint's place in the queue. Who owns the lane may visit; the token fences the rest."""

    concentrator = models.OneToOneField(Concentrator, models.CASCADE, primary_key=True)
    next_due = models.DateTimeField(null=True)
    best_priority = models.SmallIntegerField(default=0, db_default=0)
    orders_due = models.DateTimeField(null=True, help_text="the part of `next_due` that is orders")
    not_before = models.DateTimeField(null=True, help_text="back-off after a failure")
    failures = models.PositiveIntegerField(default=0, db_default=0, help_text="in a row")
    owner = models.ForeignKey(Worker, models.SET_NULL, null=True)
    token = models.BigIntegerField(default=0, db_default=0)
    taken_at = models.DateTimeField(null=True)
    taken_over_at = models.DateTimeField(null=True, help_text="freed from a dead worker")

    class Meta:
        db_table = "lane"
        indexes = [
            models.Index(  # in the order of claims, so that a long backlog costs no sort
                fields=["-best_priority", "next_due"],
                condition=Q(owner__isnull=True, next_due__isnull=False),
                name="lane_free_by_urgency",
            ),
            models.Index(
                fields=["-best_priority", "orders_due"],
                condition=Q(owner__isnull=True, orders_due__isnull=False),
                name="lane_free_with_orders",
            ),
            models.Index(fields=["owner"], condition=Q(owner__isnull=False), name="lane_by_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.concentrator_id}"


class SlotState(models.TextChoices):
    DUE = "due", "Due"
    DONE = "done", "Done"
    MERGED = "merged", "Merged"
    FAILED = "failed", "Failed"


class Slot(models.Model):
    """One due collection of one endpoint: unique by (endpoint, activity, UTC time).

    With a window (UTC epoch seconds) the rows of that time are read; without, the new cycles.
    """

    pk = models.CompositePrimaryKey("due", "concentrator_id", "activity")
    concentrator_id = models.BigIntegerField()
    activity = models.CharField(max_length=30)
    due = models.DateTimeField()
    state = models.CharField(max_length=10, choices=SlotState)
    attempts = models.SmallIntegerField()
    window_first = models.BigIntegerField(null=True)
    window_last = models.BigIntegerField(null=True)
    visit_id = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "slot"
        managed = False

    def __str__(self) -> str:
        return f"{self.concentrator_id} {self.activity} {self.due:%Y-%m-%d %H:%M}"


class Visit(models.Model):
    """One connection to one endpoint carrying all that was due (the operators' work, `idwork`)."""

    pk = models.CompositePrimaryKey("started_at", "id")
    id = models.BigIntegerField()
    concentrator_id = models.BigIntegerField()
    company_id = models.BigIntegerField()
    worker_id = models.BigIntegerField()
    token = models.BigIntegerField()
    activities = ArrayField(models.CharField(max_length=30))
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, help_text="empty while open; done or an error family")
    error = models.CharField(max_length=200)
    exchanges = models.IntegerField()
    received_bytes = models.BigIntegerField()
    lines = models.IntegerField()
    too_old = models.IntegerField()
    unassigned = models.IntegerField()
    clock_drift = models.FloatField(null=True)

    class Meta:
        db_table = "visit"
        managed = False

    def __str__(self) -> str:
        return f"{self.id}"
