"""What a meter is set up with once, when it is taken into service (companion profile 4.1, 5.2)."""

from dataclasses import dataclass

from devices.drivers.duties.base import Change, Duty


@dataclass(frozen=True, slots=True)
class MeterSetup:
    """Minutes to add to local normal time to get UTC; recording period of the load profile, min."""

    time_zone: int
    profile_period: int


@dataclass(frozen=True, slots=True)
class ReadMeterSetup(Duty):
    """-> MeterSetup"""


@dataclass(frozen=True, slots=True)
class SetMeterZone(Change):
    """Minutes to add to local normal time to get UTC."""

    time_zone: int


@dataclass(frozen=True, slots=True)
class SetProfilePeriod(Change):
    """Recording period of the load profile, minutes. The meter empties the profile."""

    period: int
