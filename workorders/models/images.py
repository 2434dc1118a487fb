"""Firmware images: kept in the database, released by another person than who added them."""

from django.db import models
from django.db.models import F, Q

from devices.models import Company
from workorders.activities.orders.base import Target


class FirmwareImage(models.Model):
    """An image for the meters of one model, or for concentrators. Its bytes never change.

    `data` is stored EXTERNAL (not compressed), so that a block is read without the rest.
    """

    company = models.ForeignKey(Company, models.PROTECT)
    target = models.CharField(max_length=12, choices=[(t.value, t.name.title()) for t in Target])
    model = models.CharField(max_length=20, blank=True, help_text="meter model; empty: any")
    identifier = models.CharField(max_length=60, help_text="image_identifier of class 18")
    version = models.CharField(max_length=40, help_text="what the device shows afterwards")
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    data = models.BinaryField()
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField(auto_now_add=True)
    released_by = models.CharField(max_length=150, blank=True, default="", db_default="")
    released_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "firmware_image"
        constraints = [
            models.UniqueConstraint(fields=["company", "identifier"], name="image_named_once"),
            models.CheckConstraint(
                condition=~Q(released_by=F("added_by")), name="image_two_persons"
            ),
            models.CheckConstraint(
                condition=Q(released_at=None, released_by="")
                | (Q(released_at__isnull=False) & ~Q(released_by="")),
                name="image_released_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.identifier
