"""Create, change, delete: what each operation does to what is there."""

from datetime import UTC, datetime

import pytest

from devices import defaults, keys
from devices.choices import ConcentratorState, Holder, MeterState, ProcessState, SecretRole
from devices.models import (
    CommunicationModule,
    Concentrator,
    DeviceSecret,
    InvocationCounter,
    Meter,
    MeterInstallation,
    MeterModel,
    Substation,
    UsagePoint,
)
from tests.devices.imports import files

pytestmark = pytest.mark.django_db
LINKS = "serialnumber;podname"
JUNE = datetime(2026, 6, 1, tzinfo=UTC)
JULY = datetime(2026, 7, 1, tzinfo=UTC)


def told(report):
    return [(fault.line, fault.column, fault.problem) for fault in report.faults]


def serial(number):
    return f"UAAEEDN111{number:08d}"


@pytest.fixture
def linked(load):
    load("meters", files.meters(files.meter(1), files.meter(2)))
    load("usage_points", files.pods("P1;;;;;;;", "P2;;;;;;;", "P3;;;;;;;"))
    load("links", files.csv(LINKS, f"{serial(1)};P1"), valid_from=JUNE)


# --- tables ------------------------------------------------------------------------------------


def test_a_change_updates_what_differs_and_leaves_the_rest_untouched(load):
    load("usage_points", files.pods("P1;old;Rome;;;;;", "P2;same;Rome;1,5;2;;;TRUE"))
    before = dict(UsagePoint.objects.values_list("name", "updated_at"))
    report = load(
        "usage_points", files.pods("P1;new;;;;;;", "P2;same;Rome;1.50;2,0;;;yes"), "change"
    )
    assert (report.changed, report.unchanged) == (1, 1)
    changed = UsagePoint.objects.get(name="P1")
    assert (changed.address, changed.city) == ("new", "")
    assert changed.updated_at != before["P1"]
    assert UsagePoint.objects.get(name="P2").updated_at == before["P2"]


def test_what_is_changed_must_be_known(load):
    assert told(load("usage_points", files.pods("P1;;;;;;;"), "change")) == [
        (2, "name", "is no known POD")
    ]


def test_empty_key_columns_keep_the_stored_keys(load):
    load("meters", files.meters(files.meter(1)))
    (stored,) = keys.load([(Holder.METER, Meter.objects.get().pk)]).values()
    report = load("meters", files.meters(files.meter(1, "", "", tag="new")), "change")
    assert report.changed == 1
    assert keys.load([(Holder.METER, Meter.objects.get().pk)]) == {
        (Holder.METER, Meter.objects.get().pk): stored
    }


def test_the_same_keys_are_no_change_and_others_replace_them(load):
    row = files.meter(1)
    load("meters", files.meters(row))
    assert load("meters", files.meters(row), "change").unchanged == 1
    assert load("meters", files.meters(files.meter(1)), "change").changed == 1
    states = DeviceSecret.objects.filter(role=SecretRole.ENCRYPTION).order_by("version")
    assert list(states.values_list("version", "state")) == [(1, "expired"), (2, "active")]


def test_a_mac_address_of_another_meter_is_refused_in_a_change(load):
    load("meters", files.meters(files.meter(1), files.meter(2)))
    report = load("meters", files.meters(files.meter(1, "", "", mac="850555000002")), "change")
    assert told(report) == [(2, "macaddress", "is in use")]


def test_a_meter_without_history_is_deleted_with_its_keys_and_may_come_back(load):
    row = files.meter(1)
    load("meters", files.meters(row))
    assert load("meters", files.meters(f"{serial(1)};;;;;;;;"), "delete").deleted == 1
    assert not Meter.objects.exists()
    assert not DeviceSecret.objects.exists()
    assert load("meters", files.meters(row)).created == 1


def test_a_meter_with_history_is_not_deleted(load, linked):
    InvocationCounter.objects.create(
        holder=Holder.METER, holder_id=Meter.objects.get(serial_number=serial(2)).pk, version=1
    )
    report = load("meters", files.meters(files.meter(1), files.meter(2)), "delete")
    assert told(report) == [
        (2, "serialnumber", "is or was linked to a POD"),
        (3, "serialnumber", "has been in contact"),
    ]
    assert told(load("usage_points", files.pods("P1;;;;;;;"), "delete")) == [
        (2, "name", "is or was linked to a meter")
    ]
    assert load("usage_points", files.pods("P3;;;;;;;"), "delete").deleted == 1


def test_the_zone_of_a_substation_is_a_windows_name_or_an_iana_name(load):
    header = "name;description;address;city;latitude;longitude;altitude;windowstimezoneid"
    rows = "A;;;;;;;Pacific SA Standard Time", "B;;;;;;;America/Santiago", "C;;;;;;;Mars"
    report = load("substations", files.csv(header, *rows), valid_rows_only=True)
    assert told(report) == [(4, "windowstimezoneid", "'Mars' is no time zone")]
    assert set(Substation.objects.values_list("time_zone", flat=True)) == {"America/Santiago"}


def test_a_concentrator_needs_its_master_key(load):
    row = files.concentrator("CONC1").split(";")
    row[6] = ""
    assert told(load("concentrators", files.concentrators(";".join(row)))) == [
        (2, "k2_password", "is empty")
    ]


# --- links -------------------------------------------------------------------------------------


def test_a_link_begins_at_the_given_instant(linked):
    link = MeterInstallation.objects.get()
    assert (link.validity.lower, link.validity.upper) == (JUNE, None)


def test_both_sides_of_a_link_must_be_free(load, linked):
    report = load("links", files.csv(LINKS, f"{serial(1)};P2", f"{serial(2)};P1"))
    assert told(report) == [
        (2, "serialnumber", "is linked to POD P1"),
        (3, "podname", f"is linked to meter {serial(1)}"),
    ]


def test_a_change_moves_a_meter_and_keeps_its_history(load, linked):
    report = load("links", files.csv(LINKS, f"{serial(1)};P2"), "change", valid_from=JULY)
    assert report.changed == 1
    links = MeterInstallation.objects.order_by("validity")
    assert [
        (link.usage_point.name, link.validity.lower, link.validity.upper) for link in links
    ] == [
        ("P1", JUNE, JULY),
        ("P2", JULY, None),
    ]
    again = load("links", files.csv(LINKS, f"{serial(1)};P2"), "change")
    assert (again.changed, again.unchanged) == (0, 1)


def test_a_link_does_not_end_before_it_began(load, linked):
    early = datetime(2026, 5, 1, tzinfo=UTC)
    report = load("links", files.csv(LINKS, f"{serial(1)};P2"), "change", valid_from=early)
    assert told(report) == [(2, "serialnumber", "has a link that begins later")]


def test_a_deletion_ends_the_link_and_the_meter_is_provisioned_again(load, linked):
    wrong = load("links", files.csv(LINKS, f"{serial(1)};P2", f"{serial(2)};P3"), "delete")
    assert told(wrong) == [
        (2, "podname", "is not the POD of this meter, which is P1"),
        (3, "serialnumber", "is not linked"),
    ]
    assert load("links", files.csv(LINKS, f"{serial(1)};P1"), "delete").deleted == 1
    meter = Meter.objects.get(serial_number=serial(1))
    assert (meter.state, meter.process_state) == (MeterState.PROVISIONED, ProcessState.NONE)
    assert load("links", files.csv(LINKS, f"{serial(1)};P2")).created == 1


def test_a_commissioned_meter_is_not_unlinked(load, linked):
    Meter.objects.update(state=MeterState.COMMISSIONED, process_state="")
    assert told(load("links", files.csv(LINKS, f"{serial(1)};P1"), "delete")) == [
        (2, "serialnumber", "is commissioned")
    ]


def test_a_model_without_default_tariff_gives_none(load, linked):
    MeterModel.objects.update(default_tariff_name="")
    load("links", files.csv(LINKS, f"{serial(2)};P2"))
    assert Meter.objects.get(serial_number=serial(2)).tariff is None


# --- installations -------------------------------------------------------------------------------


@pytest.fixture
def sites(load, company):
    load("concentrators", files.concentrators(*map(files.concentrator, ("CONC1", "CONC2"))))
    zone = "Pacific SA Standard Time"
    header = "name;description;address;city;latitude;longitude;altitude;windowstimezoneid"
    load("substations", files.csv(header, f"S1;;;;;;;{zone}", f"S2;;;;;;;{zone}"))
    load("transformers", files.csv("code;substationname;description", "T1;S1;", "T2;S2;"))
    defaults.procedure_profile(company, "Standard")


def installations(*rows):
    return files.csv(files.INSTALLATION_HEADER, *rows)


def test_equipment_is_made_only_for_rows_that_are_written(load, sites):
    rows = "TD-1;CONC1;;Standard;S1;T1;M1;SIM1;E1", "TD-2;CONC2;;Standard;S1;T2;M2;SIM1;E1"
    report = load("installations", installations(*rows), valid_rows_only=True)
    assert told(report) == [(3, "TransformerName", "belongs to substation S2")]
    assert list(CommunicationModule.objects.values_list("name", flat=True)) == ["M1"]


def test_a_name_stands_for_one_concentrator(load, sites):
    load("installations", installations("TD-1;CONC1;;;S1;;;;"))
    report = load("installations", installations("TD-1;CONC2;;;S1;;;;"))
    assert told(report) == [(2, "ConcentratorName", "is the name of CONC1")]
    report = load("installations", installations("TD-1;CONC1;;;S1;;;;"))
    assert told(report) == [(2, "ConcentratorSerialNumber", "is installed")]


def test_an_installation_is_changed_where_it_differs(load, sites):
    load("installations", installations("TD-1;CONC1;;;S1;;;;", "TD-2;CONC2;;;S1;;;;"))
    rows = "TD-1;CONC1;;Standard;S1;T1;;;", "TD-2;CONC2;;;S1;;;;"
    report = load("installations", installations(*rows), "change")
    assert (report.changed, report.unchanged) == (1, 1)
    assert Concentrator.objects.get(name="TD-1").transformer.code == "T1"


def test_a_removed_concentrator_frees_its_name_for_its_successor(load, sites):
    load("installations", installations("TD-1;CONC1;;;S1;;M1;;"))
    assert load("installations", installations("TD-1;CONC1;;;S1;;;;"), "delete").deleted == 1
    old = Concentrator.objects.get(serial_number="CONC1")
    assert (old.state, old.name, old.module) == (ConcentratorState.REMOVED, "", None)
    assert load("installations", installations("TD-1;CONC2;;;S1;;M1;;")).created == 1


def test_an_installed_concentrator_and_its_site_are_not_deleted(load, sites):
    load("installations", installations("TD-1;CONC1;;;S1;T1;;;"))
    deleted = load("concentrators", files.concentrators(files.concentrator("CONC1")), "delete")
    assert told(deleted) == [(2, "serialnumber", "is installed")]
    header = "code;substationname;description"
    assert told(load("transformers", files.csv(header, "T1;;"), "delete")) == [
        (2, "code", "has concentrators")
    ]
    free = load("concentrators", files.concentrators(files.concentrator("CONC2")), "delete")
    assert free.deleted == 1
    assert not DeviceSecret.objects.exclude(
        holder_id=Concentrator.objects.get(serial_number="CONC1").pk
    ).exists()
