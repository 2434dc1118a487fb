"""Orders that move a breaker: what they ask of the meter, and what a read tells afterwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.base import NodeSilent, Refused
from devices.drivers.duties import (
    CloseBreaker,
    OpenBreaker,
    ReadBreaker,
    ReadDiagnosis,
    SetThreshold,
)
from tests.workorders.activities.orders.model import (
    Loss,
    ModelDevice,
    carry_through,
    order,
    read_back,
)
from workorders.activities.orders.base import NotDone, Rejected
from workorders.activities.orders.disconnect import DISCONNECT
from workorders.activities.orders.reconnect import RECONNECT
from workorders.activities.orders.reduce import REDUCE

losses = st.lists(st.sampled_from([None, *Loss]), max_size=6)


def test_a_disconnection_looks_opens_looks_again_and_reads_the_alarm_word():
    run = order(DISCONNECT, ModelDevice())
    assert run.duties == [ReadBreaker(), OpenBreaker(), ReadBreaker(), ReadDiagnosis()]
    assert (run.result.is_good, run.result.code, run.result.text) == (True, "3.31.17.68", "OK")
    assert run.result.breaker == 0
    assert run.result.values["alarm_word"] == 0b100


def test_a_breaker_that_is_open_already_is_not_moved():
    run = order(DISCONNECT, ModelDevice(control=0))
    assert run.duties == [ReadBreaker(), ReadDiagnosis()]
    assert run.result.code == "3.31.17.68"


def test_a_meter_that_is_ready_for_reconnection_is_opened_for_good():
    device = ModelDevice(control=2)
    assert OpenBreaker() in order(DISCONNECT, device).duties
    assert device.control == 0


def test_a_breaker_that_stays_closed_is_a_failure_with_its_state():
    result = order(DISCONNECT, ModelDevice(is_stuck=True)).result
    assert (result.is_good, result.code, result.breaker) == (False, "3.31.17.84", 100)
    assert result.text == "[DETACH_METER] BREAKER STAYS CLOSED"


def test_an_alarm_word_that_is_refused_takes_nothing_back():
    device = ModelDevice(refuses={ReadDiagnosis: Refused("[TB_ACK_104] UNDEFINED")})
    result = order(DISCONNECT, device).result
    assert result.is_good
    assert "alarm_word" not in result.values


def test_a_silent_node_comes_out_of_the_steps_as_it_went_in():
    silent = NodeSilent(21, "[TB_ACK_21] NODE NOT REACHABLE AGENT")
    run = order(DISCONNECT, ModelDevice(refuses={ReadBreaker: silent}))
    assert run.error is silent
    assert not run.changed


@pytest.mark.parametrize(
    ("activity", "given", "start"),
    [
        (DISCONNECT, {}, {}),
        (RECONNECT, {}, {"control": 0}),
        (REDUCE, {"percent": 30}, {}),
    ],
)
def test_a_read_tells_a_lost_command_from_a_lost_answer(activity, given, start):
    lost = ModelDevice(**start, losses=[Loss.BEFORE])
    assert order(activity, lost, given).error is not None
    assert isinstance(read_back(activity, lost, given).result, NotDone)
    unheard = ModelDevice(**start, losses=[None, Loss.AFTER] if start else [Loss.AFTER])
    assert order(activity, unheard, given).error is not None
    result = read_back(activity, unheard, given).result
    assert (result.is_good, result.code) == (True, activity.ok_code)
    assert result.breaker == unheard.perform(ReadBreaker()).state


def test_a_reconnection_lifts_the_limit_before_it_closes():
    device = ModelDevice(control=0, normal=500, threshold=500)
    run = order(RECONNECT, device)
    assert run.duties == [
        ReadBreaker(),
        SetThreshold(5_000),
        CloseBreaker(),
        ReadBreaker(),
        ReadDiagnosis(),
    ]
    assert (run.result.code, run.result.breaker) == ("3.31.17.42", 100)


def test_a_meter_connected_already_is_confirmed_without_a_change():
    run = order(RECONNECT, ModelDevice())
    assert not run.changed
    assert (run.result.is_good, run.result.code) == (True, "3.31.17.17")


def test_a_closed_breaker_under_a_reduction_is_not_connected_already():
    device = ModelDevice(normal=1_000, threshold=1_000)
    result = order(RECONNECT, device).result
    assert result.code == "3.31.17.42"
    assert device.normal == 5_000


def test_a_meter_without_contract_power_is_never_limited_to_nothing():
    device = ModelDevice(control=0, contract=0, normal=0)
    assert SetThreshold(0) not in order(RECONNECT, device).duties
    assert device.control == 1


def test_a_reconnection_that_waits_for_the_customers_button_is_done_with_a_note():
    result = read_back(RECONNECT, ModelDevice(control=2)).result
    assert (result.is_good, result.breaker) == (True, 0)
    assert result.values["note"] == "ready for reconnection"


def test_a_reconnection_is_not_done_while_the_limit_is_low():
    assert isinstance(read_back(RECONNECT, ModelDevice(normal=10)).result, NotDone)


def test_a_reduction_sets_the_limit_and_reports_the_percentage():
    device = ModelDevice()
    run = order(REDUCE, device, {"percent": 30})
    assert run.duties == [ReadBreaker(), SetThreshold(1_500), ReadBreaker(), ReadDiagnosis()]
    assert (run.result.code, run.result.breaker) == ("3.31.17.76", 30)


def test_a_meter_without_contract_power_cannot_be_reduced():
    run = order(REDUCE, ModelDevice(contract=0), {"percent": 30})
    assert not run.changed
    assert (run.result.is_good, run.result.code) == (False, "3.31.17.221")


@given(percent=st.integers(1, 100), contract=st.integers(1_000, 100_000))
def test_a_reduction_is_the_ordered_share_of_the_contract(percent, contract):
    device = ModelDevice(contract=contract, normal=contract, threshold=contract)
    result = order(REDUCE, device, {"percent": percent}).result
    assert result.is_good
    assert device.normal == round(contract * percent / 100)
    assert result.breaker == percent


@pytest.mark.parametrize("percent", [0, 101, -1, 30.5, "abc", True, None, "", "1e2", "9" * 5_000])
def test_a_percentage_out_of_range_is_refused_with_parameter_and_cure(percent):
    with pytest.raises(Rejected, match=r"percent .* from 1 to 100") as refused:
        REDUCE.parse({"percent": percent})
    assert refused.value.code in ("1.7", "5.8")


@given(losses=losses)
def test_a_disconnection_ends_open_whatever_is_lost(losses):
    device = ModelDevice(losses=losses)
    result = carry_through(DISCONNECT, device)
    assert (result.is_good, result.breaker, device.control) == (True, 0, 0)
    assert device.executed.count(OpenBreaker()) == 1


@given(losses=losses, normal=st.integers(0, 5_000), control=st.sampled_from([0, 1]))
def test_a_reconnection_ends_closed_at_contract_whatever_is_lost(losses, normal, control):
    device = ModelDevice(control=control, normal=normal, threshold=normal, losses=losses)
    result = carry_through(RECONNECT, device)
    assert (result.is_good, device.control, device.normal) == (True, 1, 5_000)


@given(losses=losses, percent=st.integers(1, 99))
def test_a_reduction_ends_at_its_limit_whatever_is_lost(losses, percent):
    device = ModelDevice(losses=losses)
    result = carry_through(REDUCE, device, {"percent": percent})
    assert (result.is_good, device.normal) == (True, 50 * percent)
