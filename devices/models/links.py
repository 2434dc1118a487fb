"""Links with validity `[from, to)`: meter at usage point, meter under concentrator."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Value

from devices.choices import DiscoverySource, Phase
from devices.models.concentrator import Concentrator
from devices.models.meter import Meter
from devices.models.usage_point import UsagePoint


def _never_twice_at_once(column: str, name: str) -> ExclusionConstraint:
    """No two links of one thing overlap in time.

    The id is compared as a one-point range, because plain GiST knows ranges but not numbers.
    """
    point = Func(F(column), F(column), Value("[]"), function="int8range")
    return ExclusionConstraint(
        name=name,
        expressions=[(point, RangeOperators.OVERLAPS), ("validity", RangeOperators.OVERLAPS)],
    )


class MeterInstallation(models.Model):
    """A meter at a usage point for some time."""

    meter = models.ForeignKey(Meter, models.CASCADE, related_name="installations")
    usage_point = models.ForeignKey(UsagePoint, models.PROTECT, related_name="installations")
    validity = DateTimeRangeField()

    class Meta:
        db_table = "meter_installation"
        constraints = [
            _never_twice_at_once("meter", "meter_at_one_usage_point"),
            _never_twice_at_once("usage_point", "usage_point_with_one_meter"),
        ]

    def __str__(self) -> str:
        return f"{self.meter_id}@{self.usage_point_id}"


class Association(models.Model):
    """A meter under a concentrator for some time: by whom it is collected."""

    meter = models.ForeignKey(Meter, models.CASCADE, related_name="associations")
    concentrator = models.ForeignKey(Concentrator, models.PROTECT, related_name="associations")
    validity = DateTimeRangeField()
    row = models.PositiveIntegerField(null=True, help_text="row in the concentrator's meter table")
    phase = models.PositiveSmallIntegerField(choices=Phase, default=Phase.UNKNOWN)
    source = models.CharField(max_length=20, choices=DiscoverySource)
    discovered_by = models.ForeignKey(Concentrator, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "association"
        constraints = [_never_twice_at_once("meter", "meter_under_one_concentrator")]

    def __str__(self) -> str:
        return f"{self.meter_id}<{self.concentrator_id}"
