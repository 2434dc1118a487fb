"""The invented fleet is valid, unique and the same for the same seed."""

import csv
import stat
from itertools import islice
from pathlib import Path

import pytest

from devices.simulator import nameplate
from devices.simulator.population import Fleet
from devices.simulator.templates import ASSOCIATIONS
from hes.domain import identifiers

SAMPLES = Path(__file__).parents[2] / "samples"
FLEET = Fleet.generate(seed=1, concentrators=9, meters=25)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter=";"))


def test_the_same_seed_gives_the_same_fleet_and_another_seed_other_keys():
    again, other = Fleet.generate(1, 9, 25), Fleet.generate(2, 9, 25)
    assert list(again.meters) == list(FLEET.meters)
    mine, theirs = next(FLEET.meters), next(other.meters)
    assert mine.serial == theirs.serial
    assert mine.encryption_key != theirs.encryption_key


def test_every_identity_and_key_is_unique():
    meters = list(FLEET.meters)
    for name in ("serial", "mac", "pod", "system_title", "encryption_key", "authentication_key"):
        assert len({getattr(meter, name) for meter in meters}) == len(meters) == 225
    concentrators = list(FLEET.concentrators)
    for name in ("serial", "lv_address", "system_title", "keys", "name"):
        assert len({getattr(each, name) for each in concentrators}) == 9


def test_the_last_meter_of_each_concentrator_is_the_bidirectional_poly_one():
    for concentrator in FLEET.concentrators:
        ways = [nameplate.is_bidirectional(meter.serial) for meter in concentrator.meters]
        assert ways == [False] * 24 + [True]
        assert nameplate.is_poly(concentrator.meters[-1].serial)


def test_identifiers_pass_the_intake_and_no_spreadsheet_breaks_them():
    for meter in Fleet.generate(1, 250, 40).meters:
        identifiers.serial_number(meter.serial)
        assert identifiers.mac_address(meter.mac.hex().upper()) == meter.mac
    for each in Fleet.generate(1, 5000, 1).concentrators:
        assert len(each.serial) == 16
        assert identifiers.lv_address(each.lv_address.hex().upper()) == each.lv_address


def test_templates_have_the_columns_of_the_samples(tmp_path):
    files = FLEET.write_templates(tmp_path / "templates")
    for number, path in files.items():
        (sample,) = SAMPLES.glob(f"provisioning_{number}_*.csv")
        header = path.read_text().partition("\n")[0]
        assert header == sample.read_text(encoding="utf-8-sig").splitlines()[0]


def test_templates_name_each_other_consistently(tmp_path):
    files = FLEET.write_templates(tmp_path)
    table = {number: read(path) for number, path in files.items()}
    serials = {row["serialnumber"] for row in table[2]}
    assert {row["serialnumber"] for row in table[3]} == serials
    assert {row["podname"] for row in table[3]} == {row["name"] for row in table[1]}
    assert {row["substationname"] for row in table[5]} == {row["name"] for row in table[4]}
    assert {row["TransformerName"] for row in table[7]} == {row["code"] for row in table[5]}
    concentrators = {row["ConcentratorSerialNumber"] for row in table[7]}
    assert concentrators == {row["serialnumber"] for row in table[6]}
    links = read(tmp_path / ASSOCIATIONS)
    assert {row["serialnumber"] for row in links} == serials
    assert {row["concentratorserialnumber"] for row in links} == concentrators


def test_files_with_keys_are_for_their_owner_only(tmp_path):
    files = FLEET.write_templates(tmp_path / "templates")
    assert stat.S_IMODE((tmp_path / "templates").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}


def test_positions_lie_in_santiago(tmp_path):
    for row in islice(read(FLEET.write_templates(tmp_path)[1]), 50):
        assert -33.7 < identifiers.decimal_number(row["latitude"], -90, 90) < -33.2
        assert -70.9 < identifiers.decimal_number(row["longitude"], -180, 180) < -70.4


def test_endpoints_are_loopback_addresses_of_their_own():
    endpoints = Fleet.generate(1, 2000, 1).endpoints()
    assert len(set(endpoints.values())) == 2000
    assert endpoints["20LVM50A10000250"] == ("127.10.1.1", 4059)


@pytest.mark.parametrize(("concentrators", "meters"), [(0, 1), (1, 0), (100_000, 1), (1, 1001)])
def test_a_fleet_beyond_the_numbering_is_refused(concentrators, meters):
    with pytest.raises(ValueError, match="choose 1 to"):
        Fleet.generate(1, concentrators, meters)
