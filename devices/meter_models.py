"""The meter models of the documents, made in the database when first needed.

Codes and default tariffs: 001 section 2. Which serial numbers belong to which model is *inferred*
from the tables there (UAAEEDN... beside CERM1, UCAUEDN... beside CERT1, UGAUEDN... beside CERS3,
666CE... beside GET1). An operator's own rows and changes stay.
"""

from devices.choices import Phases
from devices.models import MeterModel

_KNOWN = (
    ("CERM1", "Monophase meter", Phases.MONO, False, "UAAEEDN"),
    ("CERT1", "Polyphase meter", Phases.POLY, False, "UCAUEDN"),
    ("CERS3", "Semi-direct polyphase meter", Phases.POLY, True, "UGAUEDN"),
    ("GET1", "Monophase meter", Phases.MONO, False, "666CE"),
)


def ensure_meter_models() -> None:
    """Make the models that are missing; a model that exists is left as it is."""
    MeterModel.objects.bulk_create(
        (
            MeterModel(
                code=code,
                description=description,
                phases=phases,
                semi_direct=semi_direct,
                serial_prefix=prefix,
                default_tariff_name=f"Default tariff -{code}",  # as printed in 001
            )
            for code, description, phases, semi_direct, prefix in _KNOWN
        ),
        ignore_conflicts=True,
    )
