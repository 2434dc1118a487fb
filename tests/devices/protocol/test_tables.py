import pytest

from devices.protocol import obis
from devices.protocol.axdr import I8, U8, U16, Enum
from devices.protocol.errors import GarbledError, TableMismatchError
from devices.protocol.objects import (
    CLOCK,
    ListedObject,
    ProfileGeneric,
    ScalerUnit,
    capture_objects,
    object_list,
    sap_list,
    scaler_unit,
)
from devices.protocol.status_words import concentrator_bits, concentrator_labels, meter_alarms
from devices.protocol.tables import LOAD_PROFILE, TABLES


def test_there_are_ten_tables_with_distinct_columns():
    assert list(TABLES) == list(range(1, 11))
    for table in TABLES.values():
        assert len({column.source for column in table.columns}) == len(table.columns)
        assert len({column.label for column in table.columns}) == len(table.columns)


def test_the_load_profile_has_the_columns_of_the_worked_example():
    labels = [column.label for column in LOAD_PROFILE.columns]
    assert labels[:6] == ["cycle", "mac", "period", "clock", "status", "active forward"]
    assert [column.key for column in LOAD_PROFILE.columns] == [True] * 5 + [False] * 6
    assert str(LOAD_PROFILE.buffer) == "7·0.0.96.51.2·2"
    assert str(LOAD_PROFILE.capture_objects) == "7·0.0.96.51.2·3"


def test_columns_are_found_wherever_a_device_puts_them():
    captured = capture_objects([c.source.data() for c in reversed(LOAD_PROFILE.columns)])
    assert LOAD_PROFILE.positions(captured) == tuple(range(10, -1, -1))


def test_missing_columns_are_named():
    captured = [column.source for column in LOAD_PROFILE.columns if column.label != "mac"]
    with pytest.raises(TableMismatchError, match=r"load profile.*mac"):
        LOAD_PROFILE.positions(captured)


def test_objects_name_their_attributes_and_methods():
    profile = ProfileGeneric.at("1.0.99.1.0")
    assert str(profile.attribute(ProfileGeneric.BUFFER)) == "7·1.0.99.1.0·2"
    assert str(CLOCK.method(6)) == "8·0.0.1.0.0!6"
    assert profile == ProfileGeneric.at("1.0.99.1.0")


def test_answers_of_the_standard_objects_become_values():
    assert scaler_unit((I8(-1), Enum(35))) == ScalerUnit(-1, 35)
    assert ScalerUnit(-1, 35).data() == (-1, 35)
    assert sap_list([(U16(1), b"name")]) == {1: b"name"}
    name = obis.parse("0.0.1.0.0")
    assert object_list([(U16(8), U8(0), name, ([], []))]) == (ListedObject(8, 0, name),)
    with pytest.raises(GarbledError, match="scaler"):
        scaler_unit((b"x", Enum(35)))


def test_a_concentrators_status_word_is_read_from_its_lowest_bit():
    word = bytes.fromhex("04B01E")
    assert concentrator_bits(word) == (1, 2, 3, 4, 12, 13, 15, 18)
    assert concentrator_labels(word)[:2] == ("G DST", "E LVAct")
    assert concentrator_labels(word)[-1] == "bit 18"


def test_a_meters_alarm_word_names_its_alarms():
    assert meter_alarms(0b100011) == ("PUP", "ORD", "WDOG")
    assert meter_alarms(0) == ()
    assert meter_alarms(1 << 31) == ("bit 31",)
