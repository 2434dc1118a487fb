"""What a new company starts with: collections per day as the documents print them.

Frequencies: 001 2.2.1 (closure and load profile 4, measurands 3, CEData and autodiscovery 1 a day,
repeater table 3 a week); voltage interruption daily and variation weekly are assumed. All run
`OFFSET` minutes after the six-hour cycles of the field end, spread over `SPREAD` minutes.
"""

from collections.abc import Mapping

from devices.choices import Activity, Purpose
from devices.models import (
    Company,
    EnergyProfile,
    MeasurandItem,
    MeasurandProfile,
    ProcedureItem,
    ProcedureProfile,
    SpontaneousProfile,
)
from hes.domain.measurands import ValueType

DAY = 1440
OFFSET = 15
SPREAD = 120
STANDARD: Mapping[Activity, int] = {
    Activity.DAILY_CLOSURE: DAY // 4,
    Activity.LOAD_PROFILE: DAY // 4,
    Activity.MEASURANDS: DAY // 3,
    Activity.CEDATA: DAY,
    Activity.AUTODISCOVERY: DAY,
    Activity.REPEATER_TABLE: 7 * DAY // 3,
    Activity.VOLTAGE_INTERRUPTION: DAY,
    Activity.VOLTAGE_VARIATION: 7 * DAY,
}
MONO_ENERGIES = [0x02, 0x04]
POLY_ENERGIES = [0x02, 0x04, 0x08, 0x10]
MEASURANDS = ((0x0D, ValueType.AVERAGE), (0x07, ValueType.INSTANTANEOUS))


def energy_profile(company: Company, purpose: Purpose) -> EnergyProfile:
    """The company's default energies for closures or load profiles, made at the first call."""
    profile, _ = EnergyProfile.objects.get_or_create(
        company=company,
        name=f"{purpose.label} Energy Profile",
        defaults={"purpose": purpose, "mono": MONO_ENERGIES, "poly": POLY_ENERGIES},
    )
    return profile


def measurand_profile(company: Company) -> MeasurandProfile:
    """The company's default measurands, made at the first call."""
    profile, made = MeasurandProfile.objects.get_or_create(company=company, name="Measurands")
    if made:
        MeasurandItem.objects.bulk_create(
            MeasurandItem(profile=profile, register=register, value_type=value_type, period=60)
            for register, value_type in MEASURANDS
        )
    return profile


def procedure_profile(
    company: Company,
    name: str,
    periods: Mapping[Activity, int] = STANDARD,
    offset: int = OFFSET,
    spread: int = SPREAD,
) -> ProcedureProfile:
    """A procedure profile with default energies; `periods` are minutes per collection."""
    profile, made = ProcedureProfile.objects.get_or_create(
        company=company,
        name=name,
        defaults={
            "closure_energy": energy_profile(company, Purpose.CLOSURE),
            "load_profile_energy": energy_profile(company, Purpose.LOAD_PROFILE),
            "measurands": measurand_profile(company),
        },
    )
    if made:
        ProcedureItem.objects.bulk_create(
            ProcedureItem(
                profile=profile, activity=activity, period=period, offset=offset, spread=spread
            )
            for activity, period in periods.items()
        )
    return profile


def spontaneous_profile(company: Company, name: str, period: int = 60) -> SpontaneousProfile:
    """A spontaneous profile that reports everything, made at the first call; `period` in minutes
    (000: 60)."""
    profile, _ = SpontaneousProfile.objects.get_or_create(
        company=company, name=name, defaults={"period": period}
    )
    return profile
