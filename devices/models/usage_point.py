"""Usage points: where energy is delivered (the operators' POD)."""

from django.db import models

from devices.choices import ContractState
from devices.models.organisation import Company, Region
from devices.models.profiles import ContractProfile


class UsagePoint(models.Model):
    """A point of delivery and its place (templates 1; 003 UsagePointLocation)."""

    company = models.ForeignKey(Company, models.CASCADE)
    name = models.CharField(max_length=100)
    address = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    province = models.CharField(max_length=100, blank=True)
    country = models.CharField(max_length=100, blank=True)
    region = models.ForeignKey(Region, models.PROTECT, null=True)
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    altitude = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    is_balance = models.BooleanField(default=False, help_text="carries a balance meter")
    net_billing = models.BooleanField(default=False, help_text="Netbilling: injects energy")
    contract = models.ForeignKey(ContractProfile, models.PROTECT, null=True)
    contract_state = models.CharField(
        max_length=10, choices=ContractState, default=ContractState.ACTIVE
    )
    tag = models.CharField(max_length=100, blank=True)
    inserted_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "usage_point"
        constraints = [
            models.UniqueConstraint(fields=["company", "name"], name="usage_point_named_once")
        ]

    def __str__(self) -> str:
        return self.name
