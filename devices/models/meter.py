"""Meters and their models."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from devices.choices import MeterState, Phases, ProcessState
from devices.models.organisation import Company
from devices.models.profiles import EnergyProfile, MeasurandProfile, TariffProfile


class MeterModel(models.Model):
    """A meter type: CERM1 mono, CERT1 poly, CERS3 semi-direct, GET1 (001 2)."""

    code = models.CharField(max_length=20, unique=True)
    description = models.CharField(max_length=200, blank=True)
    phases = models.CharField(max_length=10, choices=Phases)
    semi_direct = models.BooleanField(default=False, help_text="behind current transformers")
    capabilities = ArrayField(models.CharField(max_length=30), default=list)
    serial_prefix = models.CharField(
        max_length=10, blank=True, help_text="recognises the model in template 2 (inferred, 001 2)"
    )
    default_tariff_name = models.CharField(max_length=100, blank=True)

    class Meta:
        db_table = "meter_model"

    def __str__(self) -> str:
        return self.code


class Meter(models.Model):
    """An electricity meter. What changes at every collection is in MeterStatistics."""

    company = models.ForeignKey(Company, models.CASCADE)
    serial_number = models.CharField(max_length=32, unique=True)
    board_serial_number = models.CharField(max_length=32, blank=True)
    mac_address = models.BinaryField(max_length=6, unique=True)
    model = models.ForeignKey(MeterModel, models.PROTECT)
    firmware = models.CharField(max_length=40, blank=True)
    hardware = models.CharField(max_length=40, blank=True)
    service_kind = models.CharField(max_length=20, default="Electric")
    state = models.CharField(max_length=20, choices=MeterState, default=MeterState.PROVISIONED)
    process_state = models.CharField(
        max_length=20, choices=ProcessState, default=ProcessState.NONE, blank=True
    )
    breaker_state = models.PositiveSmallIntegerField(
        default=100, help_text="0 Not connected, 100 Connected, else Reduced n %"
    )
    error_instant_closure = models.BooleanField(default=False)
    system_title = models.BinaryField(max_length=8, null=True)
    may_hold_public_keys = models.BooleanField(
        default=False, help_text="its model's keys were handed over, or may have been"
    )
    closure_energy = models.ForeignKey(EnergyProfile, models.PROTECT, null=True, related_name="+")
    load_profile_energy = models.ForeignKey(
        EnergyProfile, models.PROTECT, null=True, related_name="+"
    )
    measurands = models.ForeignKey(MeasurandProfile, models.PROTECT, null=True, related_name="+")
    tariff = models.ForeignKey(TariffProfile, models.PROTECT, null=True, related_name="+")
    tag = models.CharField(max_length=100, blank=True)
    inserted_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "meter"
        indexes = [
            models.Index(  # what is asked every few seconds: who waits for a step
                fields=["process_state"],
                condition=~models.Q(process_state=""),
                name="meter_on_its_way",
            ),
            models.Index(  # by which a sealed push names its sender
                fields=["system_title"],
                condition=models.Q(system_title__isnull=False),
                name="meter_by_system_title",
            ),
        ]

    def __str__(self) -> str:
        return self.serial_number
