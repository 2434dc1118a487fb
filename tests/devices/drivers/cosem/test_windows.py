"""What one GET of a table asks for."""

from datetime import date
from zoneinfo import ZoneInfo

from devices.drivers.base import Cycles, DstPeriod, Period, Whole
from devices.drivers.cosem.stamps import dst_periods, dst_table, instant
from devices.drivers.cosem.windows import local_days, selections
from devices.protocol.selective import ByRange
from devices.protocol.tables.base import CLOCK_SOURCE, CYCLE
from hes.domain.time import local_day
from tests.devices.drivers.cosem.device import SANTIAGO


def test_cycles_are_asked_for_eight_at_a_time_oldest_first():
    asked = list(selections(Cycles(5, 24), SANTIAGO))
    assert [(s.start, s.end) for s in asked] == [(5, 12), (13, 20), (21, 24)]
    assert {s.column for s in asked} == {CYCLE.source}


def test_no_new_cycle_asks_for_nothing():
    assert list(selections(Cycles(6, 5), SANTIAGO)) == []


def test_snapshots_are_asked_for_whole():
    assert list(selections(Whole(), SANTIAGO)) == [None]


def test_a_period_is_asked_for_by_local_days_that_end_at_midnight():
    begin, _ = local_day(date(2026, 6, 9), SANTIAGO)
    _, end = local_day(date(2026, 6, 10), SANTIAGO)
    days = list(local_days(Period(begin + 1, end), SANTIAGO))
    assert days == [(begin + 1, begin + 86_400), (begin + 86_401, end)]
    assert list(local_days(Period(begin, begin), SANTIAGO)) == [(begin, begin)]


def test_days_of_23_and_25_hours_are_one_get_each():
    for day, hours in ((date(2026, 4, 4), 25), (date(2026, 9, 6), 23)):
        begin, end = local_day(day, SANTIAGO)
        assert list(local_days(Period(begin + 1, end), SANTIAGO)) == [(begin + 1, end)]
        assert (end - begin) // 3600 == hours


def test_the_limits_of_a_period_carry_local_time_and_deviation():
    begin, end = local_day(date(2026, 6, 9), SANTIAGO)
    (asked,) = selections(Period(begin + 1, end), SANTIAGO)
    assert isinstance(asked, ByRange)
    assert asked.column == CLOCK_SOURCE
    assert asked.start == bytes.fromhex("07EA0609020000010000F000")
    assert asked.end == bytes.fromhex("07EA060A030000000000F000")
    assert instant(asked.end, ZoneInfo("UTC")) == (end, -240)


def test_the_dst_table_is_written_as_the_profile_prints_it_and_read_back():
    begin, end = 1_788_667_200, 1_775_358_000  # 2026-09-06 00:00 -04, 2026-04-05 00:00 -03
    table = dst_table((DstPeriod(begin, end),), SANTIAGO)
    ((first, last),) = table
    assert first == bytes.fromhex("07EA0906070000000000F000")
    assert last == bytes.fromhex("07EA0405070000000000B480")
    assert dst_periods(table, SANTIAGO) == (DstPeriod(begin, end),)
