"""What a visit does about a device's clock and summer times."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from devices.drivers.base import DstPeriod
from workorders.activities.clock import ClockRules, ClockStep, missing_summer_times

RULES = ClockRules(tolerance=2, limit=900)
SANTIAGO = ZoneInfo("America/Santiago")
NOW = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("drift", "step"),
    [
        (0, ClockStep.NOTHING),
        (-1.99, ClockStep.NOTHING),
        (2, ClockStep.SET),
        (-900, ClockStep.SET),
        (900.5, ClockStep.REFUSE),
        (-86_400, ClockStep.REFUSE),
    ],
)
def test_small_drifts_are_left_and_large_ones_need_an_order(drift, step):
    assert RULES.step(drift) is step


def test_a_table_with_all_pairs_is_left_alone():
    wanted = missing_summer_times((), SANTIAGO, NOW)
    assert len(wanted) == 3
    assert missing_summer_times((DstPeriod(1, 2), *wanted), SANTIAGO, NOW) == ()


def test_a_table_without_next_year_is_written_whole():
    wanted = missing_summer_times((), SANTIAGO, NOW)
    assert missing_summer_times(wanted[:2], SANTIAGO, NOW) == wanted


def test_what_was_ordered_stands_in_place_of_the_zones_own():
    zones = missing_summer_times((), SANTIAGO, NOW)
    sooner = DstPeriod(zones[1].begin - 86_400, zones[1].end - 86_400)
    wanted = missing_summer_times((), SANTIAGO, NOW, (zones[0], sooner))
    assert wanted == (zones[0], sooner, zones[2])
    assert missing_summer_times(wanted, SANTIAGO, NOW, (zones[0], sooner)) == ()


def test_where_no_summer_time_was_ordered_none_is_written():
    assert missing_summer_times((), SANTIAGO, NOW, ()) == ()
