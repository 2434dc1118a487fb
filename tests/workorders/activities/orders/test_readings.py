"""Readings and maximum powers: from reading types to registers and lines."""

import pytest

from devices.drivers.base import Refused
from devices.drivers.duties import ReadBreaker, ReadDiagnosis, ReadMaximum, ReadRegisters
from hes.domain.reading_types import ENERGY_REGISTERS, MAXIMUM_DEMANDS
from hes.domain.records import MaximumPower
from tests.workorders.activities.orders.model import MAC, NOW, OFFSET, ModelDevice, order
from workorders.activities.orders.base import Rejected
from workorders.activities.orders.maximum_power import MAXIMUM_POWER
from workorders.activities.orders.reading import READING

IMPORT = "0.0.15.1.1.1.12.0.0.0.0.0.0.0.0.0.72.0"
IMPORT_T3 = "0.0.15.9.1.1.12.0.0.0.0.3.0.0.0.0.72.0"
IMPORT_PRINTED = "0.0.15.1.1.12.0.0.0.0.0.0.0.0.0.72.0"  # 003 6.2.1
EXPORT_CLOSURE = "0.0.16.1.19.1.12.0.0.0.0.0.0.0.0.0.72.0"
REACTIVE = "0.0.15.1.1.1.12.0.0.0.0.0.0.0.0.0.73.0"
LOAD_PROFILE = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.0.72.0"
PEAK_T2_REVERSE = "0.8.16.1.19.1.37.0.0.0.0.2.0.0.0.0.38.0"


def test_a_reading_reads_each_energy_and_period_once_and_ends_as_commercial_orders_do():
    wanted = [IMPORT, IMPORT_T3, EXPORT_CLOSURE, REACTIVE]
    run = order(READING, ModelDevice(), {"reading_types": wanted})
    assert run.duties == [
        ReadRegisters(0x02, previous=False),
        ReadRegisters(0x08, previous=True),
        ReadRegisters(0x04, previous=False),
        ReadDiagnosis(),
        ReadBreaker(),
    ]
    assert [(line.kind, line.fact.energy) for line in run.result.lines] == [
        ("R", 0x02),
        ("DC", 0x08),
        ("R", 0x04),
    ]
    assert (run.result.code, run.result.text, run.result.breaker) == ("3.21.87.30", "OK", 100)


def test_a_reading_without_types_reads_active_import():
    assert READING.parse({}) == {"reading_types": [IMPORT]}


def test_a_code_as_a_document_prints_it_is_taken_for_what_it_means():
    assert READING.parse({"reading_types": f"{IMPORT_PRINTED}, {IMPORT_T3}"}) == {
        "reading_types": [IMPORT, IMPORT_T3]
    }


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (["1.2.3"], "2.6"),
        ([""], "2.6"),
        ([None], "2.6"),
        ([LOAD_PROFILE], "2.10"),
        ([PEAK_T2_REVERSE], "2.10"),
        ({"a": 1}, "5.8"),
        (7, "5.8"),
        ([], "5.8"),
        ([IMPORT] * 101, "5.8"),
    ],
)
def test_reading_types_that_cannot_be_read_on_demand_are_refused(wanted, code):
    with pytest.raises(Rejected, match="reading_types") as refused:
        READING.parse({"reading_types": wanted})
    assert refused.value.code == code


def test_a_refused_register_fails_the_reading_and_changes_nothing():
    refusal = Refused("[TB_ACK_104] UNDEFINED")
    run = order(READING, ModelDevice(refuses={ReadRegisters: refusal}))
    assert run.error is refusal
    assert not run.changed


def test_a_maximum_power_leaves_a_line_with_the_moment_of_the_peak():
    run = order(MAXIMUM_POWER, ModelDevice(), {"reading_types": [PEAK_T2_REVERSE]})
    assert run.duties == [ReadMaximum(0x08, 2, previous=True), ReadDiagnosis(), ReadBreaker()]
    (line,) = run.result.lines
    assert line.kind == "MP"
    assert line.fact == MaximumPower(MAC, NOW - 7, OFFSET, 3_002, 2, True, True)


def test_a_maximum_power_without_types_reads_import():
    assert order(MAXIMUM_POWER, ModelDevice()).duties[0] == ReadMaximum(0x02)


@pytest.mark.parametrize(
    ("activity", "offered"), [(READING, ENERGY_REGISTERS), (MAXIMUM_POWER, MAXIMUM_DEMANDS)]
)
def test_every_reading_type_of_the_tables_can_be_ordered(activity, offered):
    for code in offered:
        run = order(activity, ModelDevice(), {"reading_types": [code]})
        assert run.result.is_good
        assert len(run.result.lines) == 1
