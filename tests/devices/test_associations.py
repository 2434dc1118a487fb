"""Meters under concentrators: by file, by hand; and the steps around it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from devices import associations, commissioning
from devices.choices import ConcentratorState, DiscoverySource, MeterState, ProcessState
from devices.models import (
    Association,
    Company,
    Concentrator,
    DiscoveredNode,
    EndDeviceEvent,
    ExportBlock,
    Meter,
    MeterStatistics,
)
from devices.provisioning import Operation, run
from hes.domain.errors import IllegalMove
from tests.devices.imports import files

pytestmark = pytest.mark.django_db
HEADER = "concentratorserialnumber;serialnumber;phase;row"
METER, OTHER = "UAAEEDN11100000001", "UAAEEDN11100000002"
JUNE = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def company():
    return Company.objects.create(name="Chile", code="chile", time_zone="America/Santiago")


@pytest.fixture
def field(company):
    """Two linked meters and one initialised concentrator."""
    run("usage_points", files.pods("P1;;;;;;;", "P2;;;;;;;"), company)
    run("meters", files.meters(files.meter(1), files.meter(2)), company)
    links = files.csv("serialnumber;podname", f"{METER};P1", f"{OTHER};P2")
    assert run("links", links, company, valid_from=JUNE).is_clean
    run("concentrators", files.concentrators(files.concentrator("CONC1")), company)
    Concentrator.objects.update(name="TD-1", state=ConcentratorState.INSTALLED)
    commissioning.initialise([concentrator().pk], None)


def concentrator():
    return Concentrator.objects.get()


def load(company, *rows, operation="create", **options):
    return run("associations", files.csv(HEADER, *rows), company, Operation(operation), **options)


def told(report):
    return [(fault.line, fault.column, fault.problem) for fault in report.faults]


def lines():
    blocks = ExportBlock.objects.filter(kind="LPE").order_by("id")
    return [line for block in blocks for line in bytes(block.body).decode().splitlines()]


def test_a_file_associates_meters_and_says_so_on_the_stream(company, field):
    assert load(company, f"CONC1;{METER};T;7", valid_from=JUNE).created == 1
    association = Association.objects.get()
    assert (association.row, association.phase) == (7, 3)
    assert association.source == DiscoverySource.FILE
    assert association.discovered_by is None
    assert (association.validity.lower, association.validity.upper) == (JUNE, None)
    meter = Meter.objects.get(serial_number=METER)
    assert meter.process_state == ProcessState.TO_COMMISSION
    assert MeterStatistics.objects.get(meter=meter).concentrator_id == concentrator().pk
    assert EndDeviceEvent.objects.get().kind == "meter_associated"
    (line,) = lines()
    assert line.startswith(f"TD-1;{METER};P1;")
    assert "Meter Associated" in line


def test_only_initialised_concentrators_take_meters(company, field):
    Concentrator.objects.update(state=ConcentratorState.INSTALLED)
    (fault,) = load(company, f"CONC1;{METER};;", f"CONC1;{OTHER};;").faults
    assert (fault.problem, fault.rows) == ("is installed", 2)


def test_only_linked_meters_are_taken(company, field):
    Meter.objects.filter(serial_number=METER).update(state="provisioned", process_state="")
    assert told(load(company, f"CONC1;{METER};;")) == [(2, "serialnumber", "is provisioned")]


def test_software_22_takes_only_meters_it_discovered(company, field):
    Concentrator.objects.update(software_number=22)
    meter = Meter.objects.get(serial_number=METER)
    DiscoveredNode.objects.create(
        concentrator=concentrator(), mac_address=meter.mac_address, read_at=timezone.now()
    )
    report = load(company, f"CONC1;{METER};;", f"CONC1;{OTHER};;", valid_rows_only=True)
    assert told(report) == [(3, "serialnumber", "was not discovered by CONC1")]
    assert Association.objects.get().discovered_by == concentrator()


def test_a_meter_is_under_one_concentrator_at_a_time(company, field):
    load(company, f"CONC1;{METER};;")
    assert told(load(company, f"CONC1;{METER};;")) == [
        (2, "serialnumber", "is associated with CONC1")
    ]


def test_unreadable_phase_and_row_are_faults(company, field):
    report = load(company, f"CONC1;{METER};X;many", f"CONC1;{OTHER};Phase R;99999")
    assert told(report) == [
        (2, "phase", "is not a phase"),
        (2, "row", "is not a row number"),
        (3, "row", "is above 32767"),
    ]


def test_a_change_corrects_row_and_phase(company, field):
    load(company, f"CONC1;{METER};;")
    assert load(company, f"CONC1;{METER};R;3", operation="change").changed == 1
    assert load(company, f"CONC1;{METER};1;3", operation="change").unchanged == 1
    assert told(load(company, f"CONC1;{OTHER};;", operation="change")) == [
        (2, "serialnumber", "is not associated with this concentrator")
    ]


def test_by_hand_the_same_rules_hold(company, field):
    at = timezone.now() - timedelta(hours=1)
    assert associations.associate(company, [("CONC1", METER, "", "")], at).created == 1
    assert Association.objects.get().source == DiscoverySource.MANUAL
    assert not associations.associate(company, [("CONC1", METER, "", "")], at).is_clean
    assert associations.release(company, [("CONC1", METER, "", "")], timezone.now()).deleted == 1
    meter = Meter.objects.get(serial_number=METER)
    assert meter.process_state == ProcessState.TO_ASSOCIATE
    assert MeterStatistics.objects.get(meter=meter).concentrator_id is None
    assert [line.split(";")[-3] for line in lines()] == [
        *("Meter Associated", "Meter Disassociated")
    ]


def test_commissioning_needs_an_association_and_moves_all_or_none(company, field):
    load(company, f"CONC1;{METER};;")
    meters = list(Meter.objects.order_by("pk").values_list("pk", flat=True))
    with pytest.raises(IllegalMove, match="1 of 2 meters cannot become commissioned"):
        commissioning.commission(meters)
    assert not Meter.objects.filter(state=MeterState.COMMISSIONED).exists()
    assert commissioning.commission(meters[:1]) == 1
    meter = Meter.objects.get(pk=meters[0])
    assert (meter.state, meter.process_state) == (MeterState.COMMISSIONED, ProcessState.NONE)
    assert "Meter Commissioned" in lines()[-1]
    assert told(load(company, f"CONC1;{METER};;", operation="delete")) == [
        (2, "serialnumber", "is commissioned")
    ]


def test_a_provisioned_concentrator_is_not_initialised(company):
    run("concentrators", files.concentrators(files.concentrator("CONC1")), company)
    with pytest.raises(IllegalMove, match="they are not installed"):
        commissioning.initialise([concentrator().pk], None)


def test_endpoints_are_set_for_the_company_alone(company, field):
    assert commissioning.set_endpoints(company, {"CONC1": ("127.10.0.1", 4059), "X": ("a", 1)}) == 1
    assert (concentrator().host, concentrator().port) == ("127.10.0.1", 4059)
    other = Company.objects.create(name="Italia", code="italia")
    assert commissioning.set_endpoints(other, {"CONC1": ("127.10.0.9", 4059)}) == 0


def test_devices_may_exchange_their_addresses(company):
    first, second = ("127.10.0.1", 4059), ("127.10.0.2", 4059)
    rows = [files.concentrator("CONC1"), files.concentrator("CONC2")]
    run("concentrators", files.concentrators(*rows), company)
    assert commissioning.set_endpoints(company, {"CONC1": first, "CONC2": second}) == 2
    assert commissioning.set_endpoints(company, {"CONC1": second, "CONC2": first}) == 2
    assert dict(Concentrator.objects.values_list("serial_number", "host")) == {
        "CONC1": "127.10.0.2",
        "CONC2": "127.10.0.1",
    }
    assert commissioning.set_endpoints(company, {}) == 0
