"""The seven templates as the documents print them (002), row by row into the inventory."""

from decimal import Decimal
from pathlib import Path

import pytest

from devices import defaults, keys, provisioning
from devices.choices import ConcentratorState, Holder, MeterState, ProcessState, SecretRole
from devices.models import (
    Concentrator,
    Meter,
    MeterInstallation,
    MeterStatistics,
    Substation,
    Transformer,
    UsagePoint,
)
from hes.lib.crypto import concentrator_keys

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture
def load(company):
    def load(number):
        (path,) = SAMPLES.glob(f"provisioning_{number}_*.csv")
        return provisioning.run(str(number), path, company)

    return load


def test_a_usage_point_stands_where_the_template_says(load):
    assert load(1).created == 1
    pod = UsagePoint.objects.get()
    assert (pod.name, pod.address, pod.city, pod.tag) == ("POD01", "Duomo Square", "Milan", "MyTag")
    assert (pod.latitude, pod.longitude) == (Decimal("45.46373"), Decimal("9.1911"))
    assert pod.altitude == 121
    assert pod.is_balance
    assert pod.contract_state == "active"


def test_a_meter_is_recognised_by_its_serial_and_its_keys_are_kept_sealed(load):
    assert load(2).created == 1
    meter = Meter.objects.get()
    assert meter.serial_number == meter.board_serial_number == "UAAEEDN11100000000"
    assert bytes(meter.mac_address) == bytes.fromhex("85055505AA55")
    assert (meter.firmware, meter.hardware, meter.service_kind) == ("11", "L01207", "Electric")
    assert meter.model.code == "CERM1"
    assert meter.state == MeterState.PROVISIONED
    assert MeterStatistics.objects.get().pk == meter.pk
    assert keys.load([(Holder.METER, meter.pk)])[Holder.METER, meter.pk] == {
        SecretRole.ENCRYPTION: bytes.fromhex("E53BD3DD52C03494B1616CD30A45E176"),
        SecretRole.AUTHENTICATION: bytes.fromhex("8D26F0F110D09F76D569F3A798D9BE00"),
    }


def test_a_link_installs_the_meter_with_the_default_tariff_of_its_model(load):
    load(1)
    load(2)
    assert load(3).created == 1
    link = MeterInstallation.objects.get()
    assert (link.meter.serial_number, link.usage_point.name) == ("UAAEEDN11100000000", "POD01")
    assert link.validity.upper is None
    assert link.meter.tariff.name == "Default tariff -CERM1"
    assert link.meter.state == MeterState.INSTALLED
    assert link.meter.process_state == ProcessState.TO_ASSOCIATE


def test_a_substation_has_the_civil_time_of_its_windows_zone(load):
    assert load(4).created == 1
    substation = Substation.objects.get()
    assert substation.windows_time_zone == "Greenwich Standard Time"
    assert substation.time_zone == "Atlantic/Reykjavik"


def test_a_transformer_belongs_to_a_substation_that_must_be_known(load, company):
    (fault,) = load(5).faults
    assert (fault.column, fault.value) == ("substationname", "anyName")
    assert fault.advice == "import it by template 4 first"
    Substation.objects.create(company=company, name="anyName", time_zone="UTC")
    assert load(5).created == 1
    assert Transformer.objects.get().substation.name == "anyName"


def test_an_address_that_a_spreadsheet_destroyed_is_refused_with_the_cure(load):
    report = load(6)
    (fault,) = report.faults
    assert (fault.line, fault.column, fault.value) == (2, "adlvc", "8,29614E+11")
    assert "spreadsheet" in fault.problem
    assert "format the column as text" in fault.advice
    assert (report.created, report.rejected) == (0, 1)
    assert not Concentrator.objects.exists()


def test_a_concentrator_gets_its_credentials_and_the_pair_that_follows_from_its_master_key(company):
    (path,) = SAMPLES.glob("provisioning_6_*.csv")
    mended = path.read_bytes().replace(b"8,29614E+11", b"0829614A0000")
    assert provisioning.run("6", mended, company).created == 1
    concentrator = Concentrator.objects.get()
    assert (concentrator.ppp_username, concentrator.maa_username) == (
        "AA4567BC34DE",
        "BB9867EE34DE",
    )
    assert bytes(concentrator.lv_address).hex() == "0829614a0000"
    stored = keys.load([(Holder.CONCENTRATOR, concentrator.pk)])
    k2 = bytes.fromhex("5761798273554C4A4A52505965287B4B")
    guek, gak = concentrator_keys(k2, "20LVM50A10006010")
    assert stored[Holder.CONCENTRATOR, concentrator.pk] == {
        SecretRole.PPP_PASSWORD: bytes.fromhex("716232252C554D3992475F50243C4F21"),
        SecretRole.MAA_PASSWORD: bytes.fromhex("C04FBFE8901D8FC1E54A0B954776D391"),
        SecretRole.MASTER: k2,
        SecretRole.ENCRYPTION: guek,
        SecretRole.AUTHENTICATION: gak,
    }


def test_an_installation_puts_a_concentrator_at_its_site_and_makes_its_equipment(load, company):
    Concentrator.objects.create(
        company=company, serial_number="14CEC50511000112", lv_address=bytes(6)
    )
    columns = {fault.column for fault in load(7).faults}
    assert columns == {
        "SpontaneousProfile",
        "ProcedureProfile",
        "SubstationName",
        "TransformerName",
    }
    defaults.procedure_profile(company, "profile_concentrator_cedata")
    defaults.spontaneous_profile(company, "Wake_up_SMMWeb_COM")
    substation = Substation.objects.create(company=company, name="TD-27997", time_zone="UTC")
    Transformer.objects.create(company=company, substation=substation, code="TD-5464")
    assert load(7).created == 1
    concentrator = Concentrator.objects.get()
    assert concentrator.name == "TD-27997"
    assert concentrator.state == ConcentratorState.INSTALLED
    assert concentrator.module.name == "2491423"
    assert concentrator.sim_card.name == "895602810002567"
    assert concentrator.ethernet.name == "ethernet01"
    assert concentrator.transformer.code == "TD-5464"
