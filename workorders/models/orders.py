"""Work orders: what people and systems ask of devices, each with one true outcome (design D13)."""

from django.db import models
from django.db.models import F, Q

from devices.models import Company, Concentrator, Meter, UsagePoint
from workorders.states import FINAL, IN_FLIGHT, OrderState

# Plain texts: migrations keep them, and shall not need our code.
FINAL_VALUES = sorted(state.value for state in FINAL)
IN_FLIGHT_VALUES = sorted(state.value for state in IN_FLIGHT)


class OrderSource(models.TextChoices):
    WEB = "web", "Web"
    REST = "rest", "REST"
    SOAP = "soap", "SOAP"
    CSV = "csv", "CSV"
    CLI = "cli", "Command line"
    RULE = "rule", "Automatic"
    LOCAL = "local", "Executed locally"


class WorkOrder(models.Model):
    """One activity ordered of one device. Only `workorders.orders` changes `state`.

    A bundle is a parent without kind and device of its own visit: its steps carry `step` 1, 2 ...
    """

    idempotency_key = models.CharField(max_length=250, unique=True)
    body_hash = models.CharField(max_length=64, help_text="same key, other body: refused")
    company = models.ForeignKey(Company, models.PROTECT)
    kind = models.CharField(max_length=40, help_text="codes/activity_types.csv; empty: a bundle")
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="steps")
    step = models.PositiveSmallIntegerField(null=True)
    continue_on_error = models.BooleanField(default=False, db_default=False)
    concentrator = models.ForeignKey(Concentrator, models.PROTECT, null=True)
    meter = models.ForeignKey(Meter, models.PROTECT, null=True)
    usage_point = models.ForeignKey(UsagePoint, models.PROTECT, null=True)
    parameters = models.JSONField(default=dict)
    priority = models.PositiveSmallIntegerField(default=4, db_default=4, help_text="9 first")
    not_before = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    bypass_retry = models.BooleanField(default=False, db_default=False)
    source = models.CharField(max_length=5, choices=OrderSource)
    requested_by = models.CharField(max_length=150)
    external_system = models.CharField(max_length=60, blank=True, default="", db_default="")
    outer_id = models.CharField(max_length=100, blank=True, default="", db_default="")
    correlation_id = models.CharField(max_length=200, blank=True, default="", db_default="")
    is_external = models.BooleanField(default=False, db_default=False)
    audit_id = models.BigIntegerField(null=True, help_text="row of the call that was accepted")
    created_at = models.DateTimeField(auto_now_add=True)

    state = models.CharField(max_length=10, choices=[(s.value, s.name.title()) for s in OrderState])
    changed_at = models.DateTimeField(auto_now=True)
    worker_id = models.BigIntegerField(null=True)
    token = models.BigIntegerField(default=0, db_default=0, help_text="of the lane that took it")
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    sent_at = models.DateTimeField(null=True, help_text="SENDING was first committed")
    silent_reads = models.PositiveSmallIntegerField(default=0, db_default=0)
    counted = models.BooleanField(default=False, db_default=False, help_text="in the guard's caps")
    transaction = models.BigIntegerField(null=True, help_text="of a credit, drawn once")
    transaction_before = models.BigIntegerField(null=True, help_text="read before SENDING")
    hold_reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    approved_by = models.CharField(max_length=150, blank=True, default="", db_default="")
    approved_at = models.DateTimeField(null=True)

    result_code = models.CharField(max_length=20, blank=True, default="", db_default="")
    result_text = models.CharField(max_length=200, blank=True, default="", db_default="")
    result = models.JSONField(default=dict, help_text="values a reader may want")
    breaker = models.PositiveSmallIntegerField(null=True, help_text="0, 100 or percent")
    executed_by = models.CharField(max_length=150, blank=True, default="", db_default="")
    executed_at = models.DateTimeField(null=True, help_text="locally, by the field app's clock")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "work_order"
        indexes = [
            models.Index(
                "concentrator",
                F("priority").desc(),
                "id",
                condition=Q(state=OrderState.QUEUED.value),
                name="work_order_queue",
            ),
            models.Index(
                fields=["expires_at"],
                condition=Q(state__in=["held", "queued"]),
                name="work_order_expiring",
            ),
            models.Index(
                fields=["meter", "-id"],
                condition=Q(meter__isnull=False),
                name="work_order_of_meter",
            ),
            models.Index(fields=["company", "-id"], name="work_order_of_company"),
            models.Index(  # what the sweep looks for every few seconds
                fields=["concentrator"],
                condition=Q(state__in=["leased", "sending"]),
                name="work_order_at_work",
            ),
            models.Index(  # a device takes one image at a time
                fields=["concentrator", "meter"],
                condition=Q(ended_at=None, kind__in=["concentrator_firmware", "meter_firmware"]),
                name="work_order_open_firmware",
            ),
            models.Index(
                fields=["kind", "company", "sent_at"],
                condition=Q(counted=True),
                name="work_order_counted",
            ),
            models.Index(  # what was sent in the last minute
                fields=["concentrator", "sent_at"],
                condition=Q(sent_at__isnull=False),
                name="work_order_sent",
            ),
        ]
        constraints = [
            # D13: one command in flight per meter, and per concentrator for its own.
            models.UniqueConstraint(
                fields=["meter"],
                condition=Q(state__in=IN_FLIGHT_VALUES),
                name="work_order_in_flight",
            ),
            models.UniqueConstraint(
                fields=["concentrator"],
                condition=Q(state__in=IN_FLIGHT_VALUES, meter=None),
                name="work_order_in_flight_alone",
            ),
            models.UniqueConstraint(fields=["parent", "step"], name="work_order_step_once"),
            models.CheckConstraint(condition=Q(priority__lte=9), name="work_order_priority_0_to_9"),
            models.CheckConstraint(
                condition=Q(ended_at=None) ^ Q(state__in=FINAL_VALUES), name="work_order_ends_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.kind} {self.state}"


class OrderEvent(models.Model):
    """One move of an order, insert-only, partitioned by month of `at`."""

    pk = models.CompositePrimaryKey("at", "id")
    id = models.BigIntegerField()
    at = models.DateTimeField()
    order_id = models.BigIntegerField()
    cause = models.CharField(max_length=20)
    state = models.CharField(max_length=10)
    who = models.CharField(max_length=150, help_text="a person, or worker:<id>")
    text = models.CharField(max_length=200)

    class Meta:
        db_table = "order_event"
        managed = False

    def __str__(self) -> str:
        return f"{self.order_id} {self.state}"


class ProtectedPoint(models.Model):
    """A POD that is never disconnected by a batch, and singly only with approval and reason."""

    usage_point = models.OneToOneField(UsagePoint, models.CASCADE, primary_key=True)
    reason = models.CharField(max_length=200)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "protected_point"

    def __str__(self) -> str:
        return f"{self.usage_point_id}"


class Holiday(models.Model):
    """A day of a company, by the civil time of the device, on which nobody is disconnected."""

    company = models.ForeignKey(Company, models.CASCADE)
    day = models.DateField()
    name = models.CharField(max_length=100)

    class Meta:
        db_table = "holiday"
        constraints = [
            models.UniqueConstraint(fields=["company", "day"], name="holiday_once_per_company")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


class Freeze(models.Model):
    """While a row is open no disconnection or reduction of its company is sent (null: of any)."""

    company = models.ForeignKey(Company, models.PROTECT, null=True)
    begun_at = models.DateTimeField(auto_now_add=True)
    begun_by = models.CharField(max_length=150)
    reason = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=150, blank=True, default="", db_default="")

    class Meta:
        db_table = "freeze"

    def __str__(self) -> str:
        return f"{self.company_id or 'all'} since {self.begun_at:%Y-%m-%d %H:%M}"
