"""The network between the head-end and the meters: substations, transformers, modems."""

from django.db import models

from devices.models.organisation import Company
from devices.zones import known_zone


class Substation(models.Model):
    """A secondary substation: the place, and the civil time, of its concentrators (template 4)."""

    company = models.ForeignKey(Company, models.CASCADE)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    altitude = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    windows_time_zone = models.CharField(max_length=60, blank=True)
    time_zone = models.CharField(max_length=50, validators=[known_zone])

    class Meta:
        db_table = "substation"
        constraints = [
            models.UniqueConstraint(fields=["company", "name"], name="substation_named_once")
        ]

    def __str__(self) -> str:
        return self.name


class Transformer(models.Model):
    """A distribution transformer of a substation (template 5)."""

    company = models.ForeignKey(Company, models.CASCADE)
    substation = models.ForeignKey(Substation, models.PROTECT)
    code = models.CharField(max_length=100)
    description = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "transformer"
        constraints = [
            models.UniqueConstraint(fields=["company", "code"], name="transformer_coded_once")
        ]

    def __str__(self) -> str:
        return self.code


class _NamedEquipment(models.Model):
    """Communication equipment known only by what template 7 calls it."""

    company = models.ForeignKey(Company, models.CASCADE)
    name = models.CharField(max_length=60)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class CommunicationModule(_NamedEquipment):
    """A modem; `name` is its serial number."""

    class Meta:
        db_table = "communication_module"
        constraints = [models.UniqueConstraint(fields=["company", "name"], name="module_once")]


class SimCard(_NamedEquipment):
    """A SIM card; `name` is its serial number (ICCID)."""

    class Meta:
        db_table = "sim_card"
        constraints = [models.UniqueConstraint(fields=["company", "name"], name="sim_card_once")]


class EthernetModule(_NamedEquipment):
    """An Ethernet module."""

    class Meta:
        db_table = "ethernet_module"
        constraints = [models.UniqueConstraint(fields=["company", "name"], name="ethernet_once")]
