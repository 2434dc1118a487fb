"""Closures, CEData, alarms, voltage, node list and repeaters: facts, lines, events."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from devices.fleet import Fleet
from devices.models import (
    Association,
    AutodiscoveryConflict,
    Company,
    DiscoveredNode,
    EndDeviceEvent,
    LastInterruption,
    LastReading,
    RepeaterRow,
)
from devices.recording import record, record_last
from hes.domain.events import EventKind
from hes.domain.records import (
    AlarmWord,
    CurrentData,
    DailyClosure,
    InterruptionCounters,
    InterruptionEnded,
    MeterEvent,
    Node,
    Repeater,
    VoltageVariation,
)
from hes.domain.time import local_stamp
from tests.factories import fleets
from tests.factories.fleets import batch, mac, no_fence

NOON = fleets.midnight(1) + 12 * 3600


def closure(energy: int = 2, **changes: object) -> DailyClosure:
    facts = DailyClosure(mac(1), 1, energy, fleets.midnight(1), 0, 21, (1, 2, 3, 4, 5, 6))
    return replace(facts, **changes)


def reading(at: int = NOON, **changes: object) -> CurrentData:
    facts = CurrentData(mac(1), 1, at, -180, 100, (100, 0, 0, 0, 0, 0), 5000, None, 7, 0, 0)
    return replace(facts, **changes)


def word(value: int, at: int = NOON) -> AlarmWord:
    return AlarmWord(mac(1), 1, at, 0, value)


def swe() -> list[tuple[str, str]]:
    return [tuple(line.split(";")[i] for i in (6, 7)) for line in fleets.lines("SWE")]


# --- Closures ---------------------------------------------------------------------------------


def test_each_energy_of_a_closure_leaves_once(fleet: Fleet) -> None:
    day = [closure(energy) for energy in (2, 4, 8, 16)]
    for _ in range(2):
        record(fleet, batch(*day), no_fence)
    lines = fleets.lines("DC")
    stamp = local_stamp(fleets.midnight(1), 0)
    assert lines[0] == (
        f"UAAEEDN00000000001;1;2;3;4;5;6;21;8;Active Energy Import Previous;{stamp}"
    )
    assert [line.split(";")[8] for line in lines] == ["8", "10", "9", "11"]
    meter_id = fleet.meters[mac(1)].id
    columns = ("last_dc_02", "last_dc_04", "last_dc_08", "last_dc_10")
    newest = datetime.fromtimestamp(fleets.midnight(1), UTC)
    assert fleets.statistics(meter_id, *columns) == (newest,) * 4


def test_energies_without_closure_make_no_line(fleet: Fleet) -> None:
    assert record(fleet, batch(closure(0x20), closure(0x77)), no_fence).total == 0


def test_a_closure_that_does_not_add_up_leaves_with_an_event_and_again_once_mended(
    fleet: Fleet,
) -> None:
    for total in (99, 99, 21, 21):
        record(fleet, batch(closure(total=total)), no_fence)
    assert [line.split(";")[7] for line in fleets.lines("DC")] == ["99", "21"]
    event = EndDeviceEvent.objects.get()
    assert event.kind == EventKind.CLOSURE_MISMATCH
    assert "t1 to t6 make 21, total is 99" in event.text


# --- CEData -----------------------------------------------------------------------------------


def test_current_data_become_last_reading_and_leave_as_r_and_pp(fleet: Fleet) -> None:
    for _ in range(2):
        record(fleet, batch(reading()), no_fence)
    stamp = local_stamp(NOON, -180)
    assert fleets.lines("R") == [
        f"UAAEEDN00000000001;100;0;0;0;0;0;100;1;Active Energy Import Current;{stamp}"
    ]
    code = "0.0.15.13.1.1.3.0.0.0.0.0.0.0.0.0.80.0"
    assert fleets.lines("PP") == [f"UAAEEDN00000000001;POD1;5000;0;{code};{stamp}"]
    last = LastReading.objects.get()
    assert (last.total, last.credit, last.last_transaction) == (100, 5000, 7)


def test_an_older_reading_changes_nothing(fleet: Fleet) -> None:
    record(fleet, batch(reading(), reading(NOON - 60, total=1)), no_fence)
    assert record(fleet, batch(reading(NOON - 60, total=1)), no_fence).total == 0
    assert LastReading.objects.get().total == 100


def test_a_meter_without_credit_makes_no_pp_line(fleet: Fleet) -> None:
    assert record(fleet, batch(reading(credit=None)), no_fence).lines == {"R": 1}


def test_the_word_in_current_data_is_compared_too(fleet: Fleet) -> None:
    record(fleet, batch(reading(alarm_word=1 << 19)), no_fence)
    assert swe() == [("TRUE", "Terminal cover removed (TC_REM)")]


# --- Alarm words ------------------------------------------------------------------------------


def test_edges_of_alarms_make_swe_lines(fleet: Fleet) -> None:
    record(fleet, batch(word(0b100001)), no_fence)
    record(fleet, batch(word(0b100001, NOON + 60)), no_fence)
    record(fleet, batch(word(0b000011, NOON + 120)), no_fence)
    assert swe() == [
        ("TRUE", "Voltage interruption (PUP)"),
        ("TRUE", "Watch dog alarm (WDOG)"),
        ("TRUE", "Clock not aligned (ORD)"),
        ("FALSE", "Watch dog alarm (WDOG)"),
    ]
    first = fleets.lines("SWE")[0].split(";")
    assert first[:4] == ["TD-33585", "UAAEEDN00000000001", "POD1", "3.26.0.85"]
    stored = EndDeviceEvent.objects.filter(kind=EventKind.METER_ALARM).order_by("id")
    assert [event.alarm for event in stored] == ["PUP", "WDOG", "ORD", "WDOG"]


def test_words_of_one_meter_are_compared_in_the_order_of_their_stamps(fleet: Fleet) -> None:
    record(fleet, batch(word(0, NOON + 60), word(1, NOON)), no_fence)
    assert [active for active, _ in swe()] == ["TRUE", "FALSE"]


def test_an_older_word_counts_for_nothing(fleet: Fleet) -> None:
    record(fleet, batch(word(1)), no_fence)
    record(fleet, batch(word(0, NOON - 60)), no_fence)
    assert len(swe()) == 1


def test_a_clock_ahead_does_not_silence_its_meter(fleet: Fleet) -> None:
    record(fleet, batch(word(1, fleets.midnight(-400))), no_fence)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("devices.recording.work.epoch_of", lambda _: fleets.midnight(-1))
        record(fleet, batch(word(3, fleets.midnight(-400))), no_fence)
    assert len(swe()) == 2


def test_entries_of_the_meter_log_are_kept_once_and_not_exported(fleet: Fleet) -> None:
    entry = MeterEvent(mac(1), 1, NOON, 0, 9, 4)
    for _ in range(2):
        assert record(fleet, batch(entry, replace(entry, code=10)), no_fence).total == 0
    texts = EndDeviceEvent.objects.order_by("id").values_list("text", flat=True)
    assert list(texts) == ["event 10, data 4", "event 9, data 4"]


# --- Voltage ----------------------------------------------------------------------------------


def test_a_week_of_voltage_variation_leaves_once_as_four_lines(fleet: Fleet) -> None:
    week = VoltageVariation(mac(1), 1, fleets.midnight(3), 0, 1987, 2410, 12, 660)
    for _ in range(2):
        record(fleet, batch(week), no_fence)
    assert [line.split(";")[2] for line in fleets.lines("VV")] == ["198.7", "241.0", "12", "660"]


def test_two_interruptions_in_one_quarter_both_leave(fleet: Fleet) -> None:
    ended = [InterruptionEnded(mac(1), 1, NOON + 60 * n, 0, 1, 30 + n) for n in (1, 2)]
    for _ in range(2):
        record(fleet, batch(*ended), no_fence)
    assert [line.split(";")[2] for line in fleets.lines("VI")] == ["31", "32"]
    assert fleets.lines("VI")[0].split(";")[4] == "0.0.0.4.0.1.136.0.0.0.0.0.0.0.0.0.27.0"


def test_interruption_counters_are_last_values_only(fleet: Fleet) -> None:
    newest = InterruptionCounters(mac(1), 1, NOON, 0, 90, 1, 180, 1, False, 2, 1, 0, 44)
    records = (newest, replace(newest, at=NOON - 60, nshv=1), replace(newest, phase=2))
    assert record(fleet, batch(*records), no_fence).total == 0
    record(fleet, batch(replace(newest, at=NOON - 60, nshv=1)), no_fence)
    found = LastInterruption.objects.order_by("phase").values_list("phase", "nshv", "tshv")
    assert list(found) == [(1, 2, 44), (2, 2, 44)]


# --- Node list and repeaters ------------------------------------------------------------------


def node(number: int, state: int = 3, owner: str = "") -> Node:
    return Node(mac(number), "", b"\x01\x02", 1, number, 130, NOON, NOON, state, owner)


def discover(fleet: Fleet, *nodes: Node) -> dict[str, str]:
    """Record a whole node list; the conflicts by MAC."""
    found = batch(*nodes)
    end = replace(fleets.end("autodiscovery", None), seen=found.seen)
    record_last(fleet, found, no_fence, end)
    rows = AutodiscoveryConflict.objects.filter(concentrator_id=fleet.id)
    return {row.mac_address.hex()[-2:]: row.description for row in rows}


def test_the_node_list_replaces_the_one_before(fleet: Fleet) -> None:
    discover(fleet, node(1), node(2))
    discover(fleet, node(2, state=4))
    kept = DiscoveredNode.objects.get()
    assert (bytes(kept.mac_address), kept.state, kept.app_version) == (mac(2), 4, "0102")


def test_conflicts_are_listed_and_removed_when_gone(fleet: Fleet) -> None:
    company = Company.objects.get()
    other = fleets.concentrator(company, None, "TD-4307")
    (meter,) = fleets.meters(other, 1, first=9)
    assert discover(fleet, node(1), node(9), node(77)) == {
        "09": "Commissioned and reachable by another concentrator",
        "4d": "Not in the database",
    }
    conflict = AutodiscoveryConflict.objects.get(meter=meter)
    assert conflict.associated_concentrator == other
    assert conflict.quality == 130
    Association.objects.filter(meter=meter).update(concentrator=fleet.id)
    assert discover(fleet, node(1), node(9)) == {}


def test_a_node_that_another_concentrator_recruited_is_a_conflict(fleet: Fleet) -> None:
    company = Company.objects.get()
    rival = fleets.concentrator(company, None, "TD-2")
    discover(replace(fleet, id=rival.pk, meters={}), node(1))
    assert discover(fleet, node(1), node(2)) == {"01": "Recruited by another concentrator"}


def test_another_companys_meter_is_only_in_use_elsewhere(fleet: Fleet) -> None:
    stranger = fleets.concentrator(fleets.company(code="other"), None, "TD-1")
    fleets.meters(stranger, 1, first=9)
    assert discover(fleet, node(9)) == {"09": "In use elsewhere"}
    conflict = AutodiscoveryConflict.objects.get()
    assert (conflict.meter, conflict.associated_concentrator) == (None, None)


def test_the_repeater_table_replaces_the_one_before(fleet: Fleet) -> None:
    paths = [Repeater(mac(n), n, 1, (mac(3), None, None), 200, NOON) for n in (1, 2)]
    for snapshot in (paths, paths[:1]):
        found = batch(*snapshot)
        end = replace(fleets.end("repeater_table", None), seen=found.seen)
        record_last(fleet, found, no_fence, end)
    kept = RepeaterRow.objects.get()
    assert (bytes(kept.mac_address), bytes(kept.repeater_1)) == (mac(1), mac(3))
