"""Contract, tariff and prepayment: set, compared, repeated where they are not equal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.duties import (
    ReadBreaker,
    ReadDiagnosis,
    ReadPrepayment,
    ReadTariff,
    SetCalendar,
    SetContract,
    SetPrepayment,
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
from workorders.activities.orders.contract_change import CONTRACT_CHANGE
from workorders.activities.orders.prepay_configure import PREPAY_CONFIGURE
from workorders.activities.orders.prepay_disable import PREPAY_DISABLE

BOTH = {"contract_power": 7_000, "calendar": "BT2"}
TABLES = '{"seasons": [1], "weeks": [1], "days": [1]}'
CLOSING = [ReadDiagnosis(), ReadBreaker()]
losses = st.lists(st.sampled_from([None, *Loss]), max_size=6)


def test_a_contract_change_sets_power_limit_and_calendar():
    run = order(CONTRACT_CHANGE, ModelDevice(), BOTH)
    assert run.duties == [
        SetContract(7_000),
        SetThreshold(7_000),
        ReadTariff(),
        SetCalendar("BT2"),
        ReadTariff(),
        *CLOSING,
    ]
    assert (run.result.code, run.result.text) == ("3.20.140.24", "OK")


def test_the_tables_of_a_released_tariff_travel_with_its_name():
    given = {"calendar": "BT2", "tables": TABLES}
    assert SetCalendar("BT2", TABLES) in order(CONTRACT_CHANGE, ModelDevice(), given).duties


def test_a_calendar_that_is_active_already_is_not_written():
    run = order(CONTRACT_CHANGE, ModelDevice(calendar="BT2"), {"calendar": "BT2"})
    assert run.duties == [ReadTariff(), *CLOSING]


def test_a_contract_that_is_set_without_its_limit_is_not_done():
    device = ModelDevice(losses=[None, Loss.BEFORE])
    assert order(CONTRACT_CHANGE, device, {"contract_power": 7_000}).error is not None
    assert device.contract == 7_000
    assert isinstance(read_back(CONTRACT_CHANGE, device, {"contract_power": 7_000}).result, NotDone)


def test_a_contract_that_does_not_change_is_a_failure():
    result = order(CONTRACT_CHANGE, ModelDevice(is_stuck=True), BOTH).result
    assert (result.is_good, result.code) == (False, "3.0.0.79")


@given(losses=losses)
def test_a_contract_change_ends_as_ordered_whatever_is_lost(losses):
    device = ModelDevice(losses=losses)
    assert carry_through(CONTRACT_CHANGE, device, BOTH).is_good
    assert (device.contract, device.normal, device.calendar) == (7_000, 7_000, "BT2")


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "contract_power is missing"),
        ({"contract_power": 0}, "contract_power"),
        ({"contract_power": "7 kW"}, "contract_power"),
        ({"calendar": "a;b"}, "calendar"),
        ({"calendar": ["BT2"]}, "calendar"),
        ({"calendar": "x" * 33}, "calendar"),
        ({"power": 7_000}, "'power' is not known"),
        ({"contract_power": 7_000, "tables": TABLES}, "calendar is missing"),
        ({"calendar": "BT2", "tables": "[]"}, "tables"),
        ({"calendar": "BT2", "tables": "{"}, "tables"),
        ({"calendar": "BT2", "tables": "[" * 19_000}, "tables"),
        ({"calendar": "BT2", "tables": "1" * 20_001}, "tables"),
        ({"calendar": "BT2", "tables": {"seasons": []}}, "tables"),
    ],
)
def test_a_contract_that_cannot_be_set_is_refused(given, word):
    with pytest.raises(Rejected, match=word):
        CONTRACT_CHANGE.parse(given)


def test_prepayment_is_configured_and_looked_at():
    run = order(PREPAY_CONFIGURE, ModelDevice(), {"warning": 2_000, "limit": "-100"})
    assert run.duties == [SetPrepayment(2, 2_000, -100), ReadPrepayment(), *CLOSING]
    assert run.result.code == "3.20.81.76"


def test_a_threshold_that_is_not_named_stays():
    device = ModelDevice()
    assert order(PREPAY_CONFIGURE, device, {"limit": 0}).result.is_good
    assert (device.mode, device.warning, device.limit) == (2, 100, 0)


def test_prepayment_is_disabled_and_looked_at():
    run = order(PREPAY_DISABLE, ModelDevice(mode=2))
    assert run.duties == [SetPrepayment(1), ReadPrepayment(), *CLOSING]
    assert run.result.code == "3.20.81.66"


@pytest.mark.parametrize(
    ("activity", "mode", "code"),
    [(PREPAY_CONFIGURE, 1, "3.20.81.221"), (PREPAY_DISABLE, 2, "3.20.81.220")],
)
def test_an_account_that_does_not_change_is_a_failure(activity, mode, code):
    result = order(activity, ModelDevice(mode=mode, is_stuck=True)).result
    assert (result.is_good, result.code) == (False, code)
    assert isinstance(read_back(activity, ModelDevice(mode=mode)).result, NotDone)


@given(losses=losses, activity=st.sampled_from([PREPAY_CONFIGURE, PREPAY_DISABLE]))
def test_prepayment_ends_as_ordered_whatever_is_lost(losses, activity):
    device = ModelDevice(mode=2 if activity is PREPAY_DISABLE else 1, losses=losses)
    assert carry_through(activity, device).is_good
    assert device.mode == (1 if activity is PREPAY_DISABLE else 2)


def test_a_threshold_beyond_the_meters_number_is_refused():
    with pytest.raises(Rejected, match="warning"):
        PREPAY_CONFIGURE.parse({"warning": 2**31})
