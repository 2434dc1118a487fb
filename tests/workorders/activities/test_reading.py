"""What is read, from the state of the tables (companion profile 3.2, 5.4)."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from devices.choices import Activity
from devices.drivers.base import Batch, Cycles, Period, Refused, Table, TableState, Whole
from hes.domain.records import AlarmWord, CurrentData, InterruptionEnded
from hes.domain.time import local_day
from workorders.activities.reading import Situation, local_days
from workorders.activities.registry import COLLECTIONS

SANTIAGO = ZoneInfo("America/Santiago")
MAC = b"\x86\x0e\x24\x00\x00\x01"


def situation(finished: int, oldest: int = 1, window: Period | None = None, **recorded: int):
    tables = {table: TableState(table, finished, oldest, 0, False) for table in Table}
    return Situation(tables, recorded, SANTIAGO, window)


def reads(activity: str, *values, **named):
    return COLLECTIONS[activity].plan(situation(*values, **named))


def test_every_scheduled_activity_has_a_collection():
    assert set(COLLECTIONS) == set(Activity.values)


def test_new_cycles_are_read_in_eights_and_the_last_one_counts_who_answered():
    found = reads("measurands", 20, measurands=1)
    assert [read.window for read in found] == [Cycles(2, 9), Cycles(10, 17), Cycles(18, 20)]
    assert [read.counts_nrn for read in found] == [False, False, True]
    assert [read.cycles for read in found] == [read.window for read in found]


def test_nothing_new_is_not_read():
    assert reads("measurands", 20, measurands=20) == ()


def test_a_gap_that_the_concentrator_has_dropped_is_skipped():
    assert reads("measurands", 20, 15, measurands=1)[0].window == Cycles(15, 20)


def test_a_lower_cycle_than_recorded_is_a_new_start_that_counts_nobody():
    found = reads("measurands", 3, measurands=5000)
    assert [(read.window, read.counts_nrn) for read in found] == [(Cycles(1, 3), False)]


def test_two_readers_of_events_have_their_own_cursors():
    closure = reads("daily_closure", 20, daily_closure=20, status_words=18, interruptions=20)
    assert [(read.source.table, read.window) for read in closure] == [
        (Table.STATUS_AND_EVENTS, Cycles(19, 20))
    ]
    ended = reads("voltage_interruption", 20, voltage_interruption=20, interruptions=19)
    word = AlarmWord(MAC, 20, 0, 0, 1)
    end = InterruptionEnded(MAC, 20, 0, 0, 1, 60)
    assert ended[0].keep(Batch((word, end), frozenset({MAC}))).records == (end,)
    assert closure[0].keep(Batch((word, end), frozenset({MAC}))).records == (word,)


def test_of_newest_values_only_those_of_new_cycles_count():
    (read,) = reads("cedata", 20, cedata=19)
    old, new = (CurrentData(MAC, c, 0, 0, 0, (0,) * 6, None, None, None, 0, 0) for c in (19, 20))
    assert (read.window, read.cycles) == (Whole(), Cycles(20, 20))
    assert read.keep(Batch((old,), frozenset({MAC}))) == Batch((), frozenset())
    assert read.keep(Batch((new,), frozenset({MAC}))) == Batch((new,), frozenset({MAC}))


@pytest.mark.parametrize("activity", ["autodiscovery", "repeater_table"])
def test_snapshots_are_always_read_and_count_nobody(activity):
    (read,) = reads(activity, 20)
    assert (read.window, read.cycles, read.counts_nrn) == (Whole(), None, False)


def test_a_window_is_read_by_local_days_and_a_new_cursor_starts_at_what_is_finished():
    begin, _ = local_day(date(2026, 4, 3), SANTIAGO)
    _, end = local_day(date(2026, 4, 5), SANTIAGO)
    found = reads("measurands", 20, window=Period(begin + 1, end))
    assert [(r.window.last - r.window.first + 1) // 900 for r in found] == [96, 100, 96]
    assert [read.cycles for read in found] == [None, None, Cycles(1, 20)]
    assert not any(read.counts_nrn for read in found)


def test_a_window_leaves_an_existing_cursor_where_it_is():
    found = reads("measurands", 20, window=Period(1, 900), measurands=3)
    assert [read.cycles for read in found] == [None]


@pytest.mark.parametrize(("day", "quarters"), [(date(2026, 9, 6), 92), (date(2026, 6, 10), 96)])
def test_a_local_day_is_one_piece_also_where_midnight_does_not_exist(day, quarters):
    begin, end = local_day(day, SANTIAGO)
    assert list(local_days(Period(begin + 1, end), SANTIAGO)) == [Period(begin + 1, end)]
    assert (end - begin) // 900 == quarters


def test_a_window_may_begin_and_end_anywhere():
    noon = int(datetime(2026, 6, 10, 16, tzinfo=UTC).timestamp())
    pieces = list(local_days(Period(noon, noon + 86_400), SANTIAGO))
    assert (pieces[0].first, pieces[-1].last) == (noon, noon + 86_400)
    assert pieces[0].last + 1 == pieces[1].first


def test_a_table_that_is_not_kept_is_refused():
    empty = Situation({}, {}, SANTIAGO)
    with pytest.raises(Refused, match="keeps no table measurands"):
        COLLECTIONS["measurands"].plan(empty)
