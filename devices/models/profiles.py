"""What is collected and how often: procedure, energy, measurand, tariff and contract profiles."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from devices.choices import Activity, Purpose
from devices.models.organisation import Company


class _NamedProfile(models.Model):
    company = models.ForeignKey(Company, models.CASCADE)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=200, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


def _named_once(table: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=["company", "name"], name=f"{table}_named_once")


class EnergyProfile(_NamedProfile):
    """Which energies to collect, for mono- and polyphase meters separately (002).

    The lists hold energy codes of `hes.domain.energies` (2 = active forward ...).
    """

    purpose = models.CharField(max_length=20, choices=Purpose)
    is_active = models.BooleanField(default=True)
    mono = ArrayField(models.PositiveSmallIntegerField(), default=list)
    poly = ArrayField(models.PositiveSmallIntegerField(), default=list)
    period = models.PositiveSmallIntegerField(default=15, help_text="minutes, load profile only")

    class Meta:
        db_table = "energy_profile"
        constraints = [_named_once("energy_profile")]


class MeasurandProfile(_NamedProfile):
    """Which registers to collect as measurands."""

    class Meta:
        db_table = "measurand_profile"
        constraints = [_named_once("measurand_profile")]


class MeasurandItem(models.Model):
    """One register x value type x period of a measurand profile (001 2.1.7)."""

    profile = models.ForeignKey(MeasurandProfile, models.CASCADE, related_name="items")
    register = models.PositiveSmallIntegerField()
    value_type = models.PositiveSmallIntegerField()
    period = models.PositiveSmallIntegerField(default=60)

    class Meta:
        db_table = "measurand_item"
        constraints = [
            models.UniqueConstraint(
                fields=["profile", "register", "value_type"], name="measurand_item_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.register:02X}/{self.value_type}"


class ProcedureProfile(_NamedProfile):
    """What a concentrator's scheduled visits collect (the operators' Procedure Parameters)."""

    closure_energy = models.ForeignKey(EnergyProfile, models.PROTECT, null=True, related_name="+")
    load_profile_energy = models.ForeignKey(
        EnergyProfile, models.PROTECT, null=True, related_name="+"
    )
    measurands = models.ForeignKey(MeasurandProfile, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "procedure_profile"
        constraints = [_named_once("procedure_profile")]


class ProcedureItem(models.Model):
    """How often one collection runs: every `period` minutes of UTC, shifted by `offset`.

    Concentrators are spread over `spread` minutes by their id, so that a fleet never calls at once.
    """

    profile = models.ForeignKey(ProcedureProfile, models.CASCADE, related_name="items")
    activity = models.CharField(max_length=30, choices=Activity)
    period = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    offset = models.PositiveIntegerField(default=0)
    spread = models.PositiveIntegerField(default=60, validators=[MaxValueValidator(10_080)])

    class Meta:
        db_table = "procedure_item"
        constraints = [
            models.UniqueConstraint(fields=["profile", "activity"], name="procedure_item_once"),
            models.CheckConstraint(
                condition=models.Q(period__gt=0), name="procedure_item_period_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.activity} every {self.period} min"


class SpontaneousProfile(_NamedProfile):
    """What a concentrator reports by itself (000 3.2.1); where to is the system's affair, which
    `devices.reporting` knows."""

    wake_up = models.BooleanField(default=True)
    period = models.PositiveIntegerField(default=60, help_text="minutes between wake-ups")
    last_gasp_concentrator = models.BooleanField(default=True)
    last_gasp_meter = models.BooleanField(default=True)

    class Meta:
        db_table = "spontaneous_profile"
        constraints = [_named_once("spontaneous_profile")]


class TariffProfile(_NamedProfile):
    """A tariff calendar by name; linking a meter to a POD gives it its model's default."""

    class Meta:
        db_table = "tariff_profile"
        constraints = [_named_once("tariff_profile")]


class ContractProfile(_NamedProfile):
    """A contract: its power limit in W."""

    contract_power = models.PositiveIntegerField()

    class Meta:
        db_table = "contract_profile"
        constraints = [_named_once("contract_profile")]
