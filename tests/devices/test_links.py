"""What the database itself refuses about links, settings and partitions."""

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from devices import parameters, partitions
from devices.choices import DiscoverySource
from devices.models import (
    Association,
    Company,
    Concentrator,
    Meter,
    MeterInstallation,
    MeterModel,
    UsagePoint,
)

pytestmark = pytest.mark.django_db
YEAR_2026 = DateTimeTZRange(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
FROM_2027 = DateTimeTZRange(datetime(2027, 1, 1, tzinfo=UTC), None)


@pytest.fixture
def company() -> Company:
    return Company.objects.create(name="Alice Power", code="alice", time_zone="America/Santiago")


@pytest.fixture
def meter(company: Company) -> Meter:
    model, _ = MeterModel.objects.get_or_create(code="CERM1", defaults={"phases": "mono"})
    return Meter.objects.create(
        company=company,
        serial_number="UAAEEDN1",
        mac_address=b"\x86\x0e\x24\x0e\x99\x5a",
        model=model,
    )


def test_a_meter_is_at_one_usage_point_at_a_time(company: Company, meter: Meter) -> None:
    pods = [UsagePoint.objects.create(company=company, name=name) for name in ("POD1", "POD2")]
    MeterInstallation.objects.create(meter=meter, usage_point=pods[0], validity=YEAR_2026)
    MeterInstallation.objects.create(meter=meter, usage_point=pods[1], validity=FROM_2027)
    with pytest.raises(IntegrityError, match="meter_at_one_usage_point"):
        MeterInstallation.objects.create(meter=meter, usage_point=pods[1], validity=YEAR_2026)


def test_a_meter_is_under_one_concentrator_at_a_time(company: Company, meter: Meter) -> None:
    first, second = (
        Concentrator.objects.create(company=company, serial_number=serial, lv_address=b"123456")
        for serial in ("20LVM1", "20LVM2")
    )
    link = {"meter": meter, "validity": YEAR_2026, "source": DiscoverySource.MANUAL}
    Association.objects.create(concentrator=first, **link)
    with pytest.raises(IntegrityError, match="meter_under_one_concentrator"):
        Association.objects.create(concentrator=second, **link)


def test_a_stored_block_can_be_neither_changed_nor_deleted() -> None:
    partitions.ensure("export_block", date(2026, 6, 1), date(2026, 6, 1))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO export_block (kind, company_id, day, lines, size, is_compressed, body,"
            " devices, line_starts) VALUES ('S', 1, '2026-06-01', 1, 2, false, 'x', '{1}', '{0}')"
        )
    for statement in (
        "UPDATE export_block SET lines = 2",
        "DELETE FROM export_block",
        "TRUNCATE export_block",
        "DELETE FROM export_block_20260601",
    ):
        with transaction.atomic(), connection.cursor() as cursor:
            with pytest.raises(DatabaseError, match="permission denied"):
                cursor.execute(statement)
            transaction.set_rollback(True)


def test_partitions_are_made_once_and_only_for_known_tables() -> None:
    first, last = date(2030, 1, 1), date(2030, 1, 4)
    assert partitions.ensure("slot_ledger", first, last) == 4
    assert partitions.ensure("slot_ledger", first, last) == 0
    with pytest.raises(DatabaseError, match="not a partitioned table"):
        partitions.ensure("auth_user", first, last)


def test_a_setting_has_its_default_until_the_company_changes_it(company: Company) -> None:
    assert parameters.parameters_of(company.pk).number("max_missed_contacts") == 40
    parameters.change(company, "max_missed_contacts", "3")
    assert parameters.parameters_of(company.pk).number("max_missed_contacts") == 3


def test_an_unknown_or_wrongly_typed_setting_is_refused_with_the_known_ones(
    company: Company,
) -> None:
    with pytest.raises(ValueError, match="max_missed_contacts"):
        parameters.change(company, "max_missed", "3")
    with pytest.raises(ValueError, match="invalid literal"):
        parameters.change(company, "max_missed_contacts", "three")
