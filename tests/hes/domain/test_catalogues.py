"""The shape of every code table: what the documents print must stay what the code reads."""

import re

import pytest

from hes.domain import alarms, energies, events, measurands, severities
from hes.domain.catalogue import rows

READING_TYPE = re.compile(r"^\d+(\.-?\d+){17}$")  # a multiplier may be negative
EVENT_TYPE = re.compile(r"^\d+\.\d+\.\d+\.\d+$")


def test_every_reading_type_has_eighteen_attributes() -> None:
    codes = [row["code"] for row in rows("reading_types")]
    assert len(codes) > 100
    assert [code for code in codes if not READING_TYPE.match(code)] == []


def test_every_alias_leads_to_a_code_of_eighteen_attributes() -> None:
    assert [
        row for row in rows("reading_type_aliases") if not READING_TYPE.match(row["code"])
    ] == []


def test_every_event_type_has_four_parts() -> None:
    codes = [row["code"] for row in rows("end_device_event_types")]
    assert [code for code in codes if not EVENT_TYPE.match(code)] == []


def test_event_codes_are_not_unique_so_nothing_may_be_looked_up_by_code() -> None:
    codes = [row["code"] for row in rows("end_device_event_types")]
    assert len(set(codes)) < len(codes)


def test_alarm_bits_are_one_each_from_zero() -> None:
    assert [alarm.bit for alarm in alarms.ALARMS] == list(range(26))


def test_status_bits_of_the_concentrator_are_one_each() -> None:
    bits = [int(row["bit"]) for row in rows("concentrator_status_bits")]
    assert bits == list(range(20))


@pytest.mark.parametrize(
    ("code", "channel", "closure_type"),
    [(0x02, 0, 8), (0x04, 1, 10), (0x08, 2, 9), (0x10, 3, 11), (0x20, 4, None), (0x40, 5, None)],
)
def test_an_energy_keeps_its_channel_and_its_closure_type(
    code: int, channel: int, closure_type: int | None
) -> None:
    energy = energies.BY_CODE[code]
    assert (energy.channel, energy.closure_type) == (channel, closure_type)
    assert all(READING_TYPE.match(reading) for reading in energy.reading_types.values())


def test_closures_print_the_words_of_the_documents() -> None:
    assert energies.TYPE_TEXT[8] == "Active Energy Import Previous"
    assert energies.TYPE_TEXT[9] == "Active Energy Export Previous"


def test_the_printed_measurand_code_is_an_instantaneous_phase_angle_every_quarter() -> None:
    printed = "0.0.2.6.0.1.5.0.0.0.0.0.0.0.224.0.0.0"  # samples/M_2021-10-05.csv
    assert measurands.reading_type(0x1C, measurands.ValueType.INSTANTANEOUS, 15) == printed


@pytest.mark.parametrize("value_type", list(measurands.ValueType))
@pytest.mark.parametrize("register", sorted(measurands.REGISTERS))
def test_every_register_and_value_type_has_a_reading_type(register: int, value_type: int) -> None:
    assert READING_TYPE.match(measurands.reading_type(register, value_type, 60))


def test_reachability_is_written_as_the_documents_print_it() -> None:
    rendered = events.RENDERED[events.EventKind.METER_UNREACHABLE]
    assert (rendered.code, rendered.text) == ("3.1.0.85", "Meter Unreachable")


def test_edges_name_each_changed_alarm_once() -> None:
    found = [(alarm.name, raised) for alarm, raised in alarms.edges(0b0011, 0b0110)]
    assert found == [("PUP", False), ("ONSI", True)]


def test_every_kind_and_alarm_that_lines_print_has_one_severity_of_the_scale() -> None:
    """003: from 1, very high, to 5, very low."""
    printed = {*events.RENDERED, *(alarm.name for alarm in alarms.ALARMS)}
    assert severities.SEVERITIES.keys() == printed
    assert set(severities.SEVERITIES.values()) <= set(range(1, 6))
    assert len(rows("severities")) == len(printed)


def test_a_severity_is_that_of_the_alarm_where_there_is_one() -> None:
    case_opened = next(alarm for alarm in alarms.ALARMS if alarm.name == "CAPE")
    assert severities.severity_of(events.EventKind.METER_ALARM, case_opened) == 1
    assert severities.severity_of(events.EventKind.METER_UNREACHABLE) == 3
