"""Scripts: what an order of kind meter_script or concentrator_script carries out."""

from django.db import models
from django.db.models import F, Q

from devices.models import Company
from workorders.activities.orders.base import Target


class Script(models.Model):
    """One version of a script. Released by another person than its author; then it stays as it is.

    `steps` as `workorders.activities.orders.script_steps` keeps them. A trigger of the table
    refuses every change of a released row, its deletion too.
    """

    company = models.ForeignKey(Company, models.PROTECT)
    name = models.CharField(max_length=40)
    version = models.PositiveSmallIntegerField()
    target = models.CharField(max_length=12, choices=[(t.value, t.name.title()) for t in Target])
    description = models.CharField(max_length=500, blank=True)
    steps = models.JSONField()
    author = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)
    released_by = models.CharField(max_length=150, blank=True, default="", db_default="")
    released_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "script"
        constraints = [
            models.UniqueConstraint(
                fields=["company", "name", "version"], name="script_version_once"
            ),
            models.CheckConstraint(
                condition=Q(released_at=None, released_by="")
                | Q(released_at__isnull=False) & ~Q(released_by="") & ~Q(released_by=F("author")),
                name="script_released_by_another_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"
