"""Spontaneous profiles of a company: what its concentrators report by themselves (000 3.2.1)."""

from collections.abc import Mapping

from django.db import IntegrityError, connection, transaction

from devices import audit
from devices.audit import Act
from devices.models import Company, SpontaneousProfile
from hes.domain import identifiers
from hes.domain.errors import BadValue

ADD, CHANGE = "spontaneous_profile.add", "spontaneous_profile.change"
LONGEST_PERIOD = 65_535  # minutes, u16 in the concentrator

Choices = Mapping[str, bool | int | None]
"""wake_up, last_gasp_concentrator, last_gasp_meter, period in minutes; None: as it is."""


def add(company: Company, name: str, choices: Choices, who: str) -> SpontaneousProfile:
    """A new profile; BadValue where the name is taken or something does not fit."""
    profile = SpontaneousProfile(company=company, name=identifiers.name(name))
    _choose(profile, choices)
    try:
        _save(profile, ADD, who)
    except IntegrityError:
        raise BadValue(f"profile {name} exists", "change it") from None
    return profile


def change(company: Company, name: str, choices: Choices, who: str) -> SpontaneousProfile:
    """What it says from now on. Concentrators learn of it by their next technical configuration."""
    profile = SpontaneousProfile.objects.filter(company=company, name=name).first()
    if profile is None:
        raise BadValue(f"{company.code} has no spontaneous profile {name}", "add it")
    _choose(profile, choices)
    _save(profile, CHANGE, who)
    return profile


def _choose(profile: SpontaneousProfile, choices: Choices) -> None:
    for name, value in choices.items():
        if value is not None:
            setattr(profile, name, value)
    if not 1 <= profile.period <= LONGEST_PERIOD:
        raise BadValue(f"period {profile.period}", f"give 1 to {LONGEST_PERIOD} minutes")


def _save(profile: SpontaneousProfile, act: str, who: str) -> None:
    told = (
        f"wake_up {profile.wake_up}, period {profile.period}, last_gasp_concentrator"
        f" {profile.last_gasp_concentrator}, last_gasp_meter {profile.last_gasp_meter}"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        profile.save()
        audit.note(cursor, Act(act, who, profile.company_id, target=profile.name, text=told))
