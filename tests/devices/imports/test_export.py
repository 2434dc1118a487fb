"""What goes out in the columns of a template comes in again and changes nothing."""

import io

import pytest

from devices import commissioning, defaults
from devices.imports.export import export
from devices.imports.registry import TEMPLATES, template_called
from devices.imports.report import Operation
from devices.models import Company, Concentrator, DeviceSecret
from tests.devices.imports import files

pytestmark = pytest.mark.django_db


@pytest.fixture
def inventory(load, company):
    load("usage_points", files.pods("P1;Calle 1;Santiago;-33,45;-70.6;520;x;TRUE", "P2;;;;;;;"))
    load("meters", files.meters(files.meter(1, tag="a, b"), files.meter(2)))
    load("links", files.csv("serialnumber;podname", "UAAEEDN11100000001;P1"))
    header = "name;description;address;city;latitude;longitude;altitude;windowstimezoneid"
    load("substations", files.csv(header, "S1;;;;1;2;3;Pacific SA Standard Time", "S2;;;;;;;UTC"))
    load("transformers", files.csv("code;substationname;description", "T1;S1;big"))
    load("concentrators", files.concentrators(files.concentrator("CONC1")))
    defaults.procedure_profile(company, "Standard")
    row = "TD-1;CONC1;;Standard;S1;T1;M1;;E1"
    load("installations", files.csv(files.INSTALLATION_HEADER, row))
    commissioning.initialise([Concentrator.objects.get().pk], None)
    header = "concentratorserialnumber;serialnumber;phase;row"
    assert load("associations", files.csv(header, "CONC1;UAAEEDN11100000001;T;7")).created == 1


def exported(template, company):
    out = io.BytesIO()
    rows = export(template, company.pk, out)
    return rows, out.getvalue()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_an_export_comes_in_again_and_changes_nothing(template, load, company, inventory):
    secrets = list(DeviceSecret.objects.order_by("pk").values())
    rows, data = exported(template, company)
    assert rows >= 1
    report = load(template.name, data, Operation.CHANGE)
    assert report.faults == ()
    assert (report.unchanged, report.changed) == (rows, 0)
    assert list(DeviceSecret.objects.order_by("pk").values()) == secrets


def test_an_export_has_the_columns_and_values_of_the_template(company, inventory):
    _, data = exported(template_called("usage_points"), company)
    assert data.decode().splitlines() == [
        files.POD_HEADER,
        "P1;Calle 1;Santiago;-33.45;-70.6;520;x;TRUE",
        "P2;;;;;;;FALSE",
    ]


def test_no_key_leaves_with_an_export(company, inventory):
    _, data = exported(template_called("meters"), company)
    header, first, _ = data.decode().splitlines()
    assert header == files.METER_HEADER
    assert first.endswith(";a, b;;")


def test_an_export_holds_the_company_alone(company, inventory):
    other = Company.objects.create(name="Italia", code="italia")
    for template in TEMPLATES:
        rows, data = exported(template, other)
        assert (rows, data.count(b"\n")) == (0, 1)
