"""Campaigns: one order for many devices, in waves (001 2.4; issue 4, point 7)."""

from django.db import models
from django.db.models import F, Q

from devices.models import Company, Concentrator, Meter
from workorders.campaigns.rules import CampaignState
from workorders.models.orders import WorkOrder


class Campaign(models.Model):
    """What is ordered, in which portions, and when it stops by itself."""

    company = models.ForeignKey(Company, models.PROTECT)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=40)
    parameters = models.JSONField(default=dict)
    priority = models.PositiveSmallIntegerField()
    order_hours = models.PositiveIntegerField(help_text="life of each order")
    patience_hours = models.PositiveIntegerField(help_text="a wave waits so long for devices")
    stop_permille = models.PositiveSmallIntegerField(help_text="failed of a wave, thousandths")
    state = models.CharField(
        max_length=10, choices=[(s.value, s.name.title()) for s in CampaignState]
    )
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.CharField(max_length=150, blank=True, default="", db_default="")
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="and none of its orders is open")

    class Meta:
        db_table = "campaign"
        indexes = [
            models.Index(fields=["id"], condition=Q(ended_at=None), name="campaign_open"),
            models.Index(fields=["company", "-id"], name="campaign_of_company"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(approved_by=F("created_by")), name="campaign_two_persons"
            )
        ]

    def __str__(self) -> str:
        return self.name


class CampaignWave(models.Model):
    """Counts of one portion; number 0 is the canary group."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="waves")
    number = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    submitted_at = models.DateTimeField(null=True)
    done = models.PositiveIntegerField(default=0, db_default=0)
    failed = models.PositiveIntegerField(default=0, db_default=0)
    left = models.PositiveIntegerField(default=0, db_default=0, help_text="cancelled or replaced")

    class Meta:
        db_table = "campaign_wave"
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="campaign_wave_once")
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}:{self.number}"


class CampaignTarget(models.Model):
    """A device of a campaign: a meter or a concentrator, its order, and how that ended."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="targets")
    wave = models.PositiveIntegerField()
    meter = models.ForeignKey(Meter, models.CASCADE, null=True)
    concentrator = models.ForeignKey(Concentrator, models.CASCADE, null=True)
    order = models.OneToOneField(WorkOrder, models.PROTECT, null=True)
    outcome = models.CharField(
        max_length=6, blank=True, default="", db_default="", help_text="done, failed, left"
    )
    reason = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="why it got no order"
    )

    class Meta:
        db_table = "campaign_target"
        indexes = [
            models.Index(fields=["campaign", "wave"], name="campaign_target_of_wave"),
            models.Index(
                fields=["campaign"],
                condition=Q(outcome="", order__isnull=False),
                name="campaign_target_open",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "meter"], name="campaign_meter_once"),
            models.UniqueConstraint(
                fields=["campaign", "concentrator"], name="campaign_concentrator_once"
            ),
            models.CheckConstraint(
                condition=Q(meter=None) ^ Q(concentrator=None), name="campaign_target_is_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}:{self.pk}"


class CampaignEvent(models.Model):
    """One act on a campaign, insert-only."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    act = models.CharField(max_length=10)
    state = models.CharField(max_length=10)
    who = models.CharField(max_length=150)
    text = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta:
        db_table = "campaign_event"

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.act}"
