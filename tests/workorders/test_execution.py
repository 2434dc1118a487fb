"""Whole visits by a real engine on PostgreSQL, with devices in memory."""

import pytest

from devices import key_sets, keys
from devices.choices import Holder
from devices.drivers.base import (
    Busy,
    Cycles,
    Garbled,
    KeysRefused,
    Locked,
    Period,
    Refused,
    Table,
    Timeout,
    Unreachable,
)
from devices.key_sets import Owner
from devices.models import (
    CollectionCycle,
    Concentrator,
    ConcentratorStatus,
    EndDeviceEvent,
    Meter,
)
from devices.parameters import change
from tests.factories import fleets
from tests.factories.field import TITLE
from tests.factories.visits import (
    device,
    drain,
    due,
    field_of,
    lane,
    quick_company,
    states,
    visitable,
    visits,
)
from workorders import host_clock
from workorders.engine import Engine

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def td() -> Concentrator:
    return visitable(quick_company("America/Santiago"), 1)


def kinds() -> list[str]:
    return list(EndDeviceEvent.objects.order_by("at", "id").values_list("kind", flat=True))


def nrn(made: Concentrator) -> int:
    return ConcentratorStatus.objects.get(pk=made.pk).missed_contacts


def test_a_visit_collects_records_and_closes_its_slot(td):
    field = device(td)
    due(td, "load_profile")
    drain(field_of((td, field)))
    assert states(td) == ["done"]
    assert len(fleets.lines("S")) == 2 * 4
    visit = visits(td)[0]
    assert (visit.outcome, visit.activities, visit.lines) == ("done", ["load_profile"], 8)
    assert lane(td).owner_id is None
    assert lane(td).next_due is None
    assert nrn(td) == 0


def test_the_device_is_known_after_the_first_visit(td):
    due(td)
    drain(field_of((td, device(td))))
    td.refresh_from_db()
    assert bytes(td.system_title) == TITLE
    assert bytes(ConcentratorStatus.objects.get(pk=td.pk).status_word) == bytes.fromhex("04B01E")


def test_nothing_new_means_no_request_for_rows(td):
    field = device(td)
    due(td, ago=5)
    drain(field_of((td, field)))
    asked = len(field.asked)
    due(td, ago=1)
    drain(field_of((td, field)))
    assert len(field.asked) == asked
    assert states(td) == ["done", "done"]


def test_many_cycles_are_read_eight_at_a_time_oldest_first(td):
    field = device(td, finished=20)
    due(td)
    drain(field_of((td, field)))
    windows = [window for table, window in field.asked if table is Table.LOAD_PROFILE]
    assert windows == [Cycles(1, 8), Cycles(9, 16), Cycles(17, 20)]
    assert len(fleets.lines("S")) == 2 * 20
    assert CollectionCycle.objects.get(reader="load_profile").cycle == 20


def test_closures_and_profiles_share_one_cursor_over_status_words(td):
    field = device(td)
    due(td, "daily_closure", "load_profile")
    drain(field_of((td, field)))
    assert [table for table, _ in field.asked].count(Table.STATUS_AND_EVENTS) == 1
    assert states(td) == ["done", "done"]


def test_of_several_due_slots_the_newest_runs_and_the_others_merge(td):
    for ago in (7200, 3600, 1):
        due(td, ago=ago)
    drain(field_of((td, device(td))))
    assert states(td) == ["merged", "merged", "done"]
    assert len(visits(td)) == 1


def test_slots_with_a_window_are_never_merged(td):
    begin = fleets.midnight(1)
    due(td, ago=30, window=Period(begin + 1, begin + 1800))
    due(td, ago=20, window=Period(begin + 1801, begin + 3600))
    due(td, ago=10)
    drain(field_of((td, device(td))))
    assert states(td) == ["done", "done", "done"]
    assert len(fleets.lines("S")) == 2 * 4


def test_a_window_of_a_new_device_leaves_the_cursor_at_what_is_finished(td):
    begin = fleets.midnight(1)
    due(td, window=Period(begin + 1, begin + 900))
    drain(field_of((td, device(td, finished=77))))
    assert CollectionCycle.objects.get(reader="load_profile").cycle == 77


def test_another_serial_is_refused_and_nothing_is_collected(td):
    field = device(td)
    field.serial = "20LVM50A10006010"
    due(td)
    drain(field_of((td, field)))
    assert field.asked == []
    assert states(td) == ["failed"]
    assert visits(td)[0].error == "[TB_ACK_196] WRONG CONCENTRATOR"
    assert kinds() == ["wrong_concentrator"]
    assert not ConcentratorStatus.objects.filter(pk=td.pk).exists()


def test_a_refused_table_fails_its_slot_and_the_visit_goes_on(td):
    field = device(td)
    field.collect_faults[Table.CLOSURES] = Refused("[TB_ACK_104] OBJECT UNDEFINED")
    due(td, "daily_closure", "load_profile")
    drain(field_of((td, field)))
    assert states(td) == ["failed", "done"]
    assert len(visits(td)) == 1
    assert visits(td)[0].outcome == "refused"


@pytest.mark.parametrize(
    "error", [Timeout("[TB_ACK_191] TIMEOUT"), Garbled("[TB_ACK_190] GARBLED")]
)
def test_a_broken_conversation_is_tried_again_and_then_fails(td, error):
    field = device(td)
    field.collect_faults[Table.LOAD_PROFILE] = error
    due(td, "load_profile", "repeater_table")
    drain(field_of((td, field)))
    assert [visit.outcome for visit in visits(td)] == [error.family] * 3 + ["done"]
    assert states(td) == ["failed", "done"]


def test_a_busy_device_waits_and_counts_as_reached(td):
    field = device(td, faults=[Busy("[TB_ACK_193] BUSY")])
    due(td)
    engine = Engine(field_of((td, field)))
    engine.run_until_idle(lambda progress: engine.stop() if progress.failed else None)
    assert states(td) == ["due"]
    assert nrn(td) == 0
    assert 55 < (lane(td).not_before - visits(td)[0].ended_at).total_seconds() < 305


def test_a_locked_device_is_an_alarm_and_is_not_tried_again(td):
    field = device(td, faults=[Locked("[TB_ACK_163] AUTHENTICATION FAILURE")] * 3)
    due(td)
    drain(field_of((td, field)))
    assert states(td) == ["failed"]
    assert field.opened == 1
    assert kinds() == ["device_locked"]


def test_new_keys_of_a_concentrator_are_tried_first_and_the_active_ones_after_a_refusal(td):
    key_sets.make(Owner(td.company_id, Holder.CONCENTRATOR, td.pk), keys.PAIR, origin=1)
    field = device(td, faults=[KeysRefused("[TB_ACK_145] KEY")])
    due(td)
    drain(field_of((td, field)))
    assert states(td) == ["done"]
    assert field.opened == 2


def test_no_other_error_makes_it_try_the_next_keys(td):
    key_sets.make(Owner(td.company_id, Holder.CONCENTRATOR, td.pk), keys.PAIR, origin=1)
    field = device(td, faults=[Locked("[TB_ACK_146] COUNTER")])
    due(td)
    drain(field_of((td, field)))
    assert (states(td), field.opened) == (["failed"], 1)


def test_a_concentrator_without_keys_is_never_called_and_its_reach_is_unknown(td):
    keys.forget(Holder.CONCENTRATOR, [td.pk])
    due(td)
    driver = field_of((td, device(td)))
    drain(driver)
    assert driver.tried == []
    assert "import template 6" in visits(td)[0].error
    assert not ConcentratorStatus.objects.filter(pk=td.pk).exists()


def test_forty_one_refused_connections_make_one_unreachable_event(td):
    driver = field_of()
    for _ in range(41):
        due(td, ago=0)
        drain(driver)
    assert len(driver.tried) == 41 + 3  # retries until the breaker opened
    assert kinds() == ["concentrator_unreachable"]


def test_the_breaker_leaves_one_attempt_per_slot(td):
    driver = field_of()
    attempts = []
    for _ in range(5):
        before = len(driver.tried)
        due(td, ago=0)
        drain(driver)
        attempts.append(len(driver.tried) - before)
    assert attempts == [3, 2, 1, 1, 1]
    assert states(td) == ["failed"] * 5


def test_a_success_closes_the_breaker_and_makes_the_device_reachable(td):
    change(td.company, "max_missed_contacts", "7")
    driver = field_of()
    driver.devices[td.host, td.port] = device(td, faults=[Unreachable("x") for _ in range(60)])
    for _ in range(6):
        due(td, ago=0)
        drain(driver)
    driver.devices[td.host, td.port].faults.clear()
    due(td, ago=0)
    drain(driver)
    assert kinds() == ["concentrator_unreachable", "concentrator_reachable"]
    assert lane(td).failures == 0


def test_a_silent_meter_is_missed_once_per_collection_however_often_we_ask(td):
    field = device(td, finished=20, silent={102})
    due(td, ago=3)
    drain(field_of((td, field)))
    due(td, ago=1)
    drain(field_of((td, field)))
    silent = Meter.objects.get(mac_address=fleets.mac(102))
    assert fleets.statistics(silent.pk, "missed_contacts") == (1,)


@pytest.mark.parametrize(
    ("drift", "sets", "events"),
    [(1.5, 0, []), (-5.0, 1, ["clock_stepped"]), (5000.0, 0, ["clock_drift_refused"])],
)
def test_the_clock_is_set_at_the_end_of_a_visit_within_the_limit(td, drift, sets, events):
    field = device(td, drift=drift)
    due(td)
    drain(field_of((td, field)))
    assert field.clock_sets == sets
    assert kinds() == events
    assert visits(td)[0].clock_drift == pytest.approx(drift)


def test_summer_times_are_written_when_they_lack(td):
    field = device(td)
    due(td)
    drain(field_of((td, field)))
    assert len(field.dst) == 3


def test_a_host_without_proven_time_sets_no_clock(td, monkeypatch):
    monkeypatch.setattr(host_clock, "ntp_state", lambda: host_clock.NtpState(False, 16.0))
    field = device(td, drift=30.0)
    due(td)
    drain(field_of((td, field)), ntp_required=True)
    assert (field.clock_sets, field.dst) == (0, ())
    assert states(td) == ["done"]
    assert "not synchronised" in visits(td)[0].error
