"""Load profile and measurands: each slot leaves once, whatever is collected again."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from devices import partitions
from devices.choices import Phases
from devices.fleet import Fleet, load_fleet
from devices.models import EndDeviceEvent, ExportBlock
from devices.recording import LeaseLost, record, record_last
from hes.domain.energies import BY_CODE
from hes.domain.records import LoadProfileRun, MeasurandRun
from hes.domain.time import QUARTER, local_day, offset_at
from tests.factories import fleets
from tests.factories.fleets import batch, no_fence, run

SANTIAGO = ZoneInfo("America/Santiago")


def test_a_day_leaves_as_one_line_per_quarter(fleet: Fleet) -> None:
    tally = record(fleet, batch(run(1), run(2)), no_fence)
    assert tally.lines == {"S": 192}
    lines = fleets.lines("S")
    code = BY_CODE[2].reading_types[15]
    day = fleets.today() - timedelta(days=2)
    assert lines[0] == f"UAAEEDN00000000001;POD1;100;0;{code};{day} 00:15:00.000"
    assert lines[95].endswith(f"{day + timedelta(days=1)} 00:00:00.000")
    assert [line.split(";")[0][-1] for line in lines] == ["1"] * 96 + ["2"] * 96


def test_a_second_recording_of_the_same_period_adds_no_line(fleet: Fleet) -> None:
    record(fleet, batch(run(1)), no_fence)
    tally = record(fleet, batch(run(1)), no_fence)
    assert (tally.total, tally.duplicates) == (0, 96)
    assert ExportBlock.objects.count() == 1


def test_a_late_gap_adds_exactly_the_missing_lines(fleet: Fleet) -> None:
    start = fleets.midnight(2)
    record(fleet, batch(run(1, start + QUARTER, 40)), no_fence)
    record(fleet, batch(run(1, start + 61 * QUARTER, 36)), no_fence)
    before = fleets.lines("S")
    tally = record(fleet, batch(run(1)), no_fence)
    assert (tally.lines["S"], tally.duplicates) == (20, 76)
    gap = [line.split(";")[5][11:16] for line in fleets.lines("S")[len(before) :]]
    assert (gap[0], gap[-1], len(gap)) == ("10:15", "15:00", 20)


def test_a_bad_slot_that_becomes_good_leaves_once_more_and_never_again(fleet: Fleet) -> None:
    start = fleets.midnight(2) + QUARTER
    bad = run(1, start, 4, status=0x04)
    for again in (bad, bad, run(1, start, 4), run(1, start, 4), bad):
        record(fleet, batch(again), no_fence)
    states = [line.split(";")[3] for line in fleets.lines("S")]
    assert states == ["4"] * 4 + ["0"] * 4


def test_of_a_bad_and_a_good_value_in_one_batch_the_good_one_leaves(fleet: Fleet) -> None:
    start = fleets.midnight(2) + QUARTER
    record(fleet, batch(run(1, start, 4, status=0x02), run(1, start + QUARTER, 1)), no_fence)
    assert [line.split(";")[3] for line in fleets.lines("S")] == ["2", "2", "2", "0"]


def test_a_row_stamped_again_in_the_same_batch_leaves_once(fleet: Fleet) -> None:
    tally = record(fleet, batch(run(1), run(1)), no_fence)
    assert (tally.lines["S"], tally.duplicates) == (96, 96)


def test_summer_time_is_no_bad_state(fleet: Fleet) -> None:
    record(fleet, batch(run(1, status=0x08)), no_fence)
    assert record(fleet, batch(run(1)), no_fence).total == 0
    assert {line.split(";")[3] for line in fleets.lines("S")} == {"0"}


def test_only_the_energies_of_the_profile_leave(fleet: Fleet) -> None:
    tally = record(fleet, batch(run(1, channels=(0, 1, 2, 3, 4, 5))), no_fence)
    assert tally.lines["S"] == 2 * 96  # a monophase meter: 02 and 08
    codes = {line.split(";")[4] for line in fleets.lines("S")}
    assert codes == {BY_CODE[2].reading_types[15], BY_CODE[8].reading_types[15]}


def test_all_six_channels_have_slots_of_their_own(fleet: Fleet) -> None:
    company = fleets.company(code="poly")
    owner = fleets.concentrator(company, fleets.procedure(company), "TD-2")
    fleets.meters(owner, 1, first=9, phases=Phases.POLY)
    poly = load_fleet(owner.pk)
    for _ in range(2):
        record(poly, batch(run(9, channels=(0, 1, 2, 3, 4, 5))), no_fence)
    assert len(fleets.lines("S")) == len(set(fleets.lines("S"))) == 6 * 96


def test_meters_of_nobody_are_counted_and_not_exported(fleet: Fleet) -> None:
    tally = record(fleet, batch(run(1), run(77), run(77), run(78)), no_fence)
    assert (tally.lines["S"], tally.unassigned) == (96, 2)


def test_samples_too_old_or_ahead_are_refused_and_counted(fleet: Fleet) -> None:
    old = run(1, fleets.midnight(41) + 80 * QUARTER)  # 17 slots too old, 79 of the next day
    tally = record(fleet, batch(old, run(1, fleets.midnight(-2) + QUARTER, 5)), no_fence)
    assert (tally.lines["S"], tally.too_old, tally.future) == (79, 17, 5)


def test_the_newest_instant_is_kept_and_never_goes_back(fleet: Fleet) -> None:
    meter_id = fleet.meters[fleets.mac(1)].id
    record(fleet, batch(run(1, channels=(0, 2))), no_fence)
    record(fleet, batch(run(1, fleets.midnight(5) + QUARTER)), no_fence)
    end = datetime.fromtimestamp(fleets.midnight(1), UTC)
    columns = ("last_lp_02", "last_lp_08", "last_lp_04", "missed_contacts")
    assert fleets.statistics(meter_id, *columns) == (end, end, None, 0)


@pytest.mark.parametrize(
    ("day", "quarters"),
    [(date(2026, 9, 6), 92), (date(2026, 4, 4), 100), (date(2026, 9, 5), 96)],
)
def test_long_and_short_days_have_all_their_quarters(
    fleet: Fleet, day: date, quarters: int
) -> None:
    fleet = replace(fleet, ledger_days=100_000)
    partitions.ensure("slot_ledger", day, day + timedelta(days=1))
    runs = _local_day(day)
    tally = record(fleet, batch(*runs), no_fence)
    again = record(fleet, batch(*runs), no_fence)
    assert (tally.lines["S"], again.total) == (quarters, 0)
    assert len(fleets.lines("S")) == quarters


def test_the_repeated_hour_prints_its_stamps_twice_in_blocks_of_their_offset(fleet: Fleet) -> None:
    fleet = replace(fleet, ledger_days=100_000)
    partitions.ensure("slot_ledger", date(2026, 4, 4), date(2026, 4, 5))
    record(fleet, batch(*_local_day(date(2026, 4, 4))), no_fence)
    stamps = Counter(line.split(";")[5] for line in fleets.lines("S"))
    twice = [stamp[11:16] for stamp, count in stamps.items() if count == 2]
    assert sorted(twice) == ["23:00", "23:15", "23:30", "23:45"]
    offsets = ExportBlock.objects.values_list("utc_offset", flat=True)
    assert sorted(offsets) == [-240, -180]


def _local_day(day: date) -> list[LoadProfileRun]:
    """A civil day of Santiago as a driver yields it: a new run where the offset changes."""
    begin, end = local_day(day, SANTIAGO)
    ends: dict[int, list[int]] = {}
    for instant in range(begin + QUARTER, end + 1, QUARTER):
        ends.setdefault(offset_at(SANTIAGO, instant), []).append(instant)
    return [run(1, own[0], len(own), offset=offset) for offset, own in ends.items()]


def test_a_line_carries_the_pod_of_its_instant(fleet: Fleet) -> None:
    noon = fleets.midnight(2) + 12 * 3600
    meter = replace(
        fleet.meters[fleets.mac(1)], pods=((None, noon, "OLD"), (noon + 3600, None, "NEW"))
    )
    moved = replace(fleet, meters={fleets.mac(1): meter})
    record(moved, batch(run(1)), no_fence)
    pods = [line.split(";")[1] for line in fleets.lines("S")]
    assert pods == ["OLD"] * 47 + [""] * 4 + ["NEW"] * 45


def test_a_measurand_leaves_once_with_its_decimals(fleet: Fleet) -> None:
    values = MeasurandRun(
        mac=fleets.mac(1),
        cycle=1,
        register=fleets.VOLTAGE_R,
        value_type=2,
        period=15,
        first_end=fleets.midnight(2) + QUARTER,
        offset=0,
        status=0,
        values=(2301, 2299),
    )
    other_type = replace(values, value_type=1)
    for _ in range(2):
        tally = record(fleet, batch(values, other_type), no_fence)
    assert tally.total == 0
    code = "0.2.2.6.0.1.54.0.0.0.0.0.0.0.32.0.151.0"
    found = [line.split(";") for line in fleets.lines("M")]
    assert [(row[2], row[4]) for row in found] == [("230.1", code), ("229.9", code)]
    meter_id = fleet.meters[fleets.mac(1)].id
    assert fleets.statistics(meter_id, "last_measurand")[0] is not None


@pytest.mark.django_db(transaction=True)
def test_a_lost_lease_records_nothing(fleet: Fleet) -> None:
    def lost(_cursor: object) -> None:
        raise LeaseLost

    with pytest.raises(LeaseLost):
        record(fleet, batch(run(1)), lost)
    with pytest.raises(LeaseLost):
        record_last(fleet, batch(run(2)), lost, fleets.end(seen=[2]))
    assert ExportBlock.objects.count() == EndDeviceEvent.objects.count() == 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM slot_ledger), (SELECT count(*) FROM collection_cycle)"
        )
        assert cursor.fetchone() == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_meters_let_each_slot_leave_once(fleet: Fleet) -> None:
    company = fleets.company(code="busy")
    owner = fleets.concentrator(company, fleets.procedure(company), "TD-9")
    fleets.meters(owner, 30, first=100)
    busy = load_fleet(owner.pk)
    start = threading.Barrier(2)
    failures: list[Exception] = []

    def work(numbers: range, cycle: int) -> None:
        try:
            for days in range(2, 8):
                runs = [run(n, fleets.midnight(days) + QUARTER) for n in numbers]
                start.wait(20)
                reader = fleets.end(cycle=days * 2 + cycle, seen=numbers, reader=f"worker {cycle}")
                record_last(busy, batch(*runs), no_fence, reader)
        except Exception as error:
            failures.append(error)
            start.abort()
        finally:
            connection.close()

    workers = [
        threading.Thread(target=work, args=(numbers, cycle))
        for cycle, numbers in enumerate((range(100, 130), range(129, 99, -1)))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    lines = fleets.lines("S")
    assert len(lines) == len(set(lines)) == 30 * 96 * 6
