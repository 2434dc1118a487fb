"""Orders of a concentrator itself: configuration, clock, summer times, status word, repeaters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.base import DstPeriod
from devices.drivers.duties import (
    Ntp,
    ReadClock,
    ReadDstTable,
    ReadNtp,
    ReadSpontaneous,
    ReadTimeZone,
    SetClock,
    SetDstTable,
    SetNtp,
    SetSpontaneous,
    SetTimeZone,
)
from tests.workorders.activities.orders.model import (
    OFFSET,
    PARAMETERS,
    PROFILE,
    SUMMER,
    Loss,
    ModelDevice,
    carry_through,
    facts_for,
    order,
    read_back,
    run,
)
from workorders.activities.orders.base import Collect, HostClock, NotDone, Rejected
from workorders.activities.orders.concentrator_dst import CONCENTRATOR_DST
from workorders.activities.orders.concentrator_synchronisation import (
    CONCENTRATOR_SYNCHRONISATION,
    ClockStepped,
)
from workorders.activities.orders.concentrator_technical_configuration import (
    CONCENTRATOR_TECHNICAL_CONFIGURATION,
    ConcentratorConfigured,
)
from workorders.activities.orders.repeater_table import REPEATER_TABLE
from workorders.activities.orders.status_word import STATUS_WORD, StatusWordRead
from workorders.activities.orders.summer_times import FROM_ZONE, SummerTimesOrdered

TABLE = (DstPeriod(1_788_667_200, 1_806_807_600),)
SERVER = Ntp(True, "ntp.example", 123, 0)
WHOLE = PARAMETERS["concentrator_technical_configuration"]
AS_ORDERED = {"spontaneous": PROFILE, "ntp": SERVER, "dst_table": TABLE, "time_zone": 240}
losses = st.lists(st.sampled_from([None, *Loss]), max_size=6)


# --- technical configuration ----------------------------------------------------------------------


def test_what_is_as_ordered_is_left_alone_and_the_concentrator_is_configured():
    carried = order(CONCENTRATOR_TECHNICAL_CONFIGURATION, ModelDevice(**AS_ORDERED), WHOLE)
    assert carried.duties == [ReadSpontaneous(), ReadNtp(), ReadDstTable(), ReadTimeZone()]
    assert (carried.result.is_good, carried.result.code) == (True, "")
    assert carried.result.effects == (ConcentratorConfigured(), SummerTimesOrdered(TABLE))


def test_each_object_is_written_and_looked_at_only_where_it_is_different():
    device = ModelDevice(**{**AS_ORDERED, "ntp": None})
    carried = order(CONCENTRATOR_TECHNICAL_CONFIGURATION, device, WHOLE)
    assert device.executed == [SetNtp(SERVER)]
    assert carried.duties[1:4] == [ReadNtp(), SetNtp(SERVER), ReadNtp()]
    assert carried.result.values == {"written": ["NTP"]}


def test_a_new_concentrator_gets_all_objects_in_the_order_of_the_profile():
    device = ModelDevice()
    assert order(CONCENTRATOR_TECHNICAL_CONFIGURATION, device, WHOLE).result.is_good
    assert device.executed == [
        SetSpontaneous(PROFILE), SetNtp(SERVER), SetDstTable(TABLE), SetTimeZone(240)
    ]  # fmt: skip


def test_without_a_time_server_that_object_is_not_touched():
    given = {name: value for name, value in WHOLE.items() if not name.startswith("ntp")}
    device = ModelDevice()
    assert order(CONCENTRATOR_TECHNICAL_CONFIGURATION, device, given).result.is_good
    assert device.ntp is None


def test_a_time_server_is_switched_off_without_a_name():
    given = {**WHOLE, "ntp_active": "false", "ntp_server": ""}
    device = ModelDevice()
    assert order(CONCENTRATOR_TECHNICAL_CONFIGURATION, device, given).result.is_good
    assert device.ntp == Ntp(False, "", 123, 0)


def test_an_object_that_does_not_hold_is_a_failure_and_not_done_and_configures_nothing():
    device = ModelDevice(is_stuck=True)
    result = order(CONCENTRATOR_TECHNICAL_CONFIGURATION, device, WHOLE).result
    assert (result.is_good, result.code, result.effects) == (False, "26.0.0.79", ())
    assert result.text == "[SET_LVC_CONFIG] PROFILE UNCHANGED"
    found = read_back(CONCENTRATOR_TECHNICAL_CONFIGURATION, device, WHOLE).result
    assert isinstance(found, NotDone)


@given(losses=losses)
def test_a_configuration_ends_as_ordered_whatever_is_lost(losses):
    device = ModelDevice(losses=losses)
    result = carry_through(CONCENTRATOR_TECHNICAL_CONFIGURATION, device, WHOLE)
    assert result.is_good
    assert result.effects == (ConcentratorConfigured(), SummerTimesOrdered(TABLE))
    assert {name: getattr(device, name) for name in AS_ORDERED} == AS_ORDERED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("address", "10.0.1.256"),
        ("address", "host.example"),
        ("wake_up_port", 0),
        ("last_gasp_port", 65_536),
        ("period", "often"),
        ("wake_up", "perhaps"),
        ("ntp_server", "ntp;example"),
        ("ntp_server", 5),
        ("ntp_authentication", 3),
        ("time_zone", 841),
        ("periods", "all"),
        ("periods", [5]),
        ("periods", [SUMMER] * 11),
        ("periods", [SUMMER, SUMMER]),
    ],
)
def test_an_impossible_field_is_refused_by_its_name(name, value):
    with pytest.raises(Rejected, match=name):
        CONCENTRATOR_TECHNICAL_CONFIGURATION.parse({**WHOLE, name: value})


# --- clock ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("drift", [-7_200.0, 2.0, 1e6])
def test_a_clock_is_set_however_far_it_is_and_the_step_is_told(drift):
    carried = order(CONCENTRATOR_SYNCHRONISATION, ModelDevice(drift=drift))
    assert carried.duties == [HostClock(), ReadClock(), SetClock(OFFSET), ReadClock()]
    assert carried.result.values == {"drift": drift, "drift_after": 0.0}
    assert carried.result.effects == (ClockStepped(drift),)


def test_a_clock_that_is_right_is_left_alone():
    carried = order(CONCENTRATOR_SYNCHRONISATION, ModelDevice(drift=-1.9))
    assert not carried.changed
    assert (carried.result.is_good, carried.result.effects) == (True, ())


def test_a_host_clock_that_is_not_proven_sets_none():
    device = ModelDevice(drift=60, host_objection="host clock is +3.0 s from the database")
    carried = order(CONCENTRATOR_SYNCHRONISATION, device)
    assert carried.duties == [HostClock()]
    assert carried.result.text == "[SINCRO_LVC] host clock is +3.0 s from the database"
    assert not carried.result.is_good


def test_a_clock_that_does_not_hold_is_a_failure_and_not_done():
    device = ModelDevice(drift=60, is_stuck=True)
    result = order(CONCENTRATOR_SYNCHRONISATION, device).result
    assert (result.is_good, result.text) == (False, "[SINCRO_LVC] CLOCK UNCHANGED")
    assert isinstance(read_back(CONCENTRATOR_SYNCHRONISATION, device).result, NotDone)


@given(losses=losses, drift=st.floats(-1e6, 1e6))
def test_a_clock_is_right_in_the_end_whatever_is_lost(losses, drift):
    device = ModelDevice(drift=drift, losses=losses)
    assert carry_through(CONCENTRATOR_SYNCHRONISATION, device).is_good
    assert abs(device.drift) < 2


# --- summer times, status word, repeaters ---------------------------------------------------------


def test_summer_times_are_written_only_where_they_are_different():
    device = ModelDevice()
    given = {"periods": [SUMMER]}
    carried = order(CONCENTRATOR_DST, device, given)
    assert carried.duties == [ReadDstTable(), SetDstTable(TABLE), ReadDstTable()]
    assert order(CONCENTRATOR_DST, device, given).duties == [ReadDstTable()]
    stuck = order(CONCENTRATOR_DST, ModelDevice(is_stuck=True), given).result
    assert stuck.text == "[SET_LVC_DST] SUMMER TIME UNCHANGED"


def test_an_empty_list_clears_the_table():
    device = ModelDevice(dst_table=TABLE)
    result = order(CONCENTRATOR_DST, device, {"periods": []}).result
    assert (device.dst_table, result.effects) == ((), (SummerTimesOrdered(()),))


def test_a_table_taken_over_from_the_zone_is_nobodys_own():
    facts = facts_for(CONCENTRATOR_DST, {"periods": [SUMMER]})
    facts.parameters[FROM_ZONE] = True
    for device in (ModelDevice(), ModelDevice(dst_table=TABLE)):
        done = run(CONCENTRATOR_DST.steps(facts), device)
        assert done.result.effects == (SummerTimesOrdered(None),)


@given(losses=losses)
def test_summer_times_end_as_ordered_whatever_is_lost(losses):
    device = ModelDevice(losses=losses)
    assert carry_through(CONCENTRATOR_DST, device, {"periods": [SUMMER]}).is_good
    assert device.dst_table == TABLE


def test_a_status_word_is_told_in_bits_and_kept():
    result = order(STATUS_WORD, ModelDevice()).result
    assert result.values["status_word"] == "04B01E"
    assert {"G DST", "O Sync"} <= set(result.values["labels"])
    assert result.effects == (StatusWordRead(bytes.fromhex("04B01E")),)


def test_the_repeater_table_is_read_as_its_collection_is():
    carried = order(REPEATER_TABLE, ModelDevice())
    assert carried.duties == [Collect("repeater_table")]
    assert (carried.result.is_good, carried.result.values) == (True, {"meters": 12})
