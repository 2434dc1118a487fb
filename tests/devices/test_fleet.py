"""What a visit knows of its concentrator, in a constant number of statements."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test.utils import CaptureQueriesContext

from devices.choices import MeterState, Phases, ProcessState, Purpose
from devices.fleet import FOREVER, load_fleet
from devices.models import (
    Association,
    CompanySetting,
    Concentrator,
    EnergyProfile,
    MeterInstallation,
    MeterStatistics,
    Substation,
    UsagePoint,
)
from tests.factories import fleets

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Concentrator:
    company = fleets.company("America/Santiago")
    return fleets.concentrator(company, fleets.procedure(company))


def statements(owner: Concentrator) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        load_fleet(owner.pk)
    return len(captured)


def test_the_number_of_statements_does_not_grow_with_the_fleet(owner: Concentrator) -> None:
    fleets.meters(owner, 3)
    few = statements(owner)
    fleets.meters(owner, 200, first=10)
    assert statements(owner) == few == 7


def test_a_meter_collects_by_its_own_profile_before_the_procedures(owner: Concentrator) -> None:
    common, own, poly = (
        *fleets.meters(owner, 2),
        *fleets.meters(owner, 1, first=5, phases=Phases.POLY),
    )
    own.load_profile_energy = EnergyProfile.objects.create(
        company=owner.company, name="own", purpose=Purpose.LOAD_PROFILE, mono=[0x20]
    )
    own.save()
    found = {meter.id: meter for meter in load_fleet(owner.pk).meters.values()}
    assert found[common.pk].channels == {2, 8}
    assert found[own.pk].channels == {0x20}
    assert found[poly.pk].channels == set(fleets.ALL_ENERGIES)
    assert found[poly.pk].is_poly
    assert found[common.pk].closure_energies == {2, 4, 8, 16}
    assert found[common.pk].measurands == {(fleets.VOLTAGE_R, 2)}


def test_an_inactive_profile_collects_nothing(owner: Concentrator) -> None:
    fleets.meters(owner, 1)
    EnergyProfile.objects.update(is_active=False)
    (meter,) = load_fleet(owner.pk).meters.values()
    assert meter.channels == meter.closure_energies == frozenset()


def test_a_concentrator_without_procedure_collects_nothing() -> None:
    owner = fleets.concentrator(fleets.company(), None)
    fleets.meters(owner, 1)
    (meter,) = load_fleet(owner.pk).meters.values()
    assert meter.channels == meter.closure_energies == meter.measurands == frozenset()


def test_only_meters_associated_now_belong_to_the_fleet(owner: Concentrator) -> None:
    gone, stays = fleets.meters(owner, 2)
    Association.objects.filter(meter=gone).update(
        validity=DateTimeTZRange(fleets.days_ago(9), fleets.days_ago(1))
    )
    assert [meter.id for meter in load_fleet(owner.pk).meters.values()] == [stays.pk]
    then = load_fleet(owner.pk, fleets.days_ago(5))
    assert {meter.id for meter in then.meters.values()} == {gone.pk, stays.pk}


def test_pods_are_valid_from_to(owner: Concentrator) -> None:
    (meter,) = fleets.meters(owner, 1)
    change = datetime(2026, 5, 1, tzinfo=UTC)
    MeterInstallation.objects.update(validity=DateTimeTZRange(None, change))
    other = UsagePoint.objects.create(company=owner.company, name="OTHER")
    later = datetime(2026, 6, 1, tzinfo=UTC)
    MeterInstallation.objects.create(
        meter=meter, usage_point=other, validity=DateTimeTZRange(later, None)
    )
    (ref,) = load_fleet(owner.pk).meters.values()
    first, second = int(change.timestamp()), int(later.timestamp())
    assert ref.pod_at(first - 1) == ("POD1", first)
    assert ref.pod_at(first) == ("", second)
    assert ref.pod_at(second) == ("OTHER", FOREVER)


def test_zone_name_and_settings_come_with_the_fleet(owner: Concentrator) -> None:
    CompanySetting.objects.create(company=owner.company, name="ledger_days", value="12")
    fleet = load_fleet(owner.pk)
    assert (fleet.zone, fleet.name) == (ZoneInfo("America/Santiago"), "TD-33585")
    assert (fleet.ledger_days, fleet.max_missed_contacts) == (12, 40)
    owner.substation = Substation.objects.create(
        company=owner.company, name="s", time_zone="America/Punta_Arenas"
    )
    owner.name = ""
    owner.save()
    fleet = load_fleet(owner.pk)
    assert (fleet.zone.key, fleet.name) == ("America/Punta_Arenas", owner.serial_number)


def test_statistics_follow_the_meter_to_its_concentrator(owner: Concentrator) -> None:
    (meter,) = fleets.meters(owner, 1)
    load_fleet(owner.pk)
    other = fleets.concentrator(owner.company, None, "TD-2")
    Association.objects.filter(meter=meter).update(concentrator=other)
    load_fleet(other.pk)
    assert MeterStatistics.objects.get().concentrator_id == other.pk


def test_meters_being_commissioned_or_still_to_be_configured_are_told_apart(
    owner: Concentrator,
) -> None:
    first, second, _ = fleets.meters(owner, 3)
    first.state, second.process_state = MeterState.INSTALLED, ProcessState.TO_CONFIGURE
    first.save()
    second.save()
    found = {meter.id: meter.is_commissioned for meter in load_fleet(owner.pk).meters.values()}
    assert list(found.values()) == [False, False, True]
