"""Technical orders of a meter: autodiagnostic, summer time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.base import DstPeriod
from devices.drivers.duties import (
    ReadDiagnosis,
    ReadMeterDst,
    ResetAlarms,
    SetMeterDst,
)
from tests.workorders.activities.orders.model import (
    SUMMER,
    Loss,
    ModelDevice,
    carry_through,
    order,
    read_back,
)
from workorders.activities.orders.autodiagnostic import AUTODIAGNOSTIC
from workorders.activities.orders.base import NotDone, Rejected
from workorders.activities.orders.meter_dst import METER_DST

PERIOD = DstPeriod(1_788_667_200, 1_806_807_600)
losses = st.lists(st.sampled_from([None, *Loss]), max_size=4)


def test_the_word_read_first_is_the_one_reported():
    device = ModelDevice(alarm_word=0b1010)
    run = order(AUTODIAGNOSTIC, device)
    assert run.duties == [ReadDiagnosis(), ResetAlarms(), ReadDiagnosis()]
    assert run.result.values == {"alarm_word": 0b1010, "errors": 0, "alarm_word_after": 0}
    assert (run.result.code, run.result.text) == ("3.7.31.24", "OK")


def test_a_summer_time_is_set_and_looked_at():
    run = order(METER_DST, ModelDevice(), SUMMER)
    assert run.duties == [SetMeterDst(PERIOD), ReadMeterDst()]
    assert run.result.code == "3.7.31.24"


def test_a_summer_time_that_does_not_hold_is_a_failure_and_not_done():
    result = order(METER_DST, ModelDevice(is_stuck=True), SUMMER).result
    assert result.text == "[SET_METER_DST] SUMMER TIME UNCHANGED"
    assert isinstance(read_back(METER_DST, ModelDevice(), SUMMER).result, NotDone)


@given(losses=losses)
def test_a_summer_time_ends_as_ordered_whatever_is_lost(losses):
    device = ModelDevice(losses=losses)
    assert carry_through(METER_DST, device, SUMMER).is_good
    assert device.dst == PERIOD


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"begin": SUMMER["begin"]},
        {"begin": "2026-09-06T00:00:00", "end": SUMMER["end"]},
        {"begin": "0001-01-01T00:00:00+14:00", "end": SUMMER["end"]},
        {"begin": "soon", "end": SUMMER["end"]},
        {"begin": SUMMER["end"], "end": SUMMER["begin"]},
    ],
)
def test_a_summer_time_without_two_instants_in_order_is_refused(given):
    with pytest.raises(Rejected, match=r"parameter (begin|end) .* - give"):
        METER_DST.parse(given)
