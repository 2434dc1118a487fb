"""Readings are pure, and every register is the exact sum of its intervals."""

from datetime import date
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from devices.simulator import incidents, measurands, readings
from hes.domain import time
from hes.domain.measurands import REGISTERS

MONO, POLY, INJECTING = "UAAEEDN11100001001", "UCAUEDN11100001005", "UCAUEDN11200001025"
SANTIAGO = ZoneInfo("America/Santiago")
NOON = 1_781_103_600  # 2026-06-10 15:00 UTC = 11:00 local

quarters = st.integers(1_600_000_000 // 900, 1_900_000_000 // 900).map(lambda number: number * 900)
channels = st.integers(0, 5)
FROZEN = (154, 204, 127, 265)
FROZEN_REGISTERS = (2122412, 4551150, 5054891, 5255590, 6974260, 7784425)


def test_the_same_seed_gives_the_same_value_in_any_order():
    ends = [NOON + 900 * step for step in range(200)]
    first = [readings.load_profile(7, MONO, 0, end) for end in ends]
    readings.day.cache_clear()
    readings._octets.cache_clear()
    assert [readings.load_profile(7, MONO, 0, end) for end in reversed(ends)] == first[::-1]


def test_another_seed_or_serial_gives_other_values():
    day = readings.profile(1, MONO, 0, NOON, 96)
    assert day != readings.profile(2, MONO, 0, NOON, 96)
    assert day != readings.profile(1, MONO[:-1] + "2", 0, NOON, 96)


def test_values_are_frozen_so_that_every_version_invents_the_same_field():
    assert readings.profile(1, MONO, 0, NOON, 4) == FROZEN
    assert readings.registers(1, MONO, 0, NOON) == FROZEN_REGISTERS


@given(quarters, st.integers(1, 400), channels, st.sampled_from((MONO, POLY, INJECTING)))
def test_a_register_is_the_exact_sum_of_its_quarters(begin, count, channel, serial):
    values = readings.profile(3, serial, channel, begin + 900, count)
    before = readings.register(3, serial, channel, 0, begin)
    assert readings.register(3, serial, channel, 0, begin + 900 * count) - before == sum(values)
    assert min(values) >= 0


@given(quarters, channels)
def test_no_tariff_register_ever_falls_and_they_add_up_to_the_total(begin, channel):
    earlier = readings.registers(3, POLY, channel, begin)
    later = readings.registers(3, POLY, channel, begin + 900)
    assert all(old <= new for old, new in zip(earlier, later, strict=True))
    assert readings.register(3, POLY, channel, 0, begin) == sum(earlier)


@given(quarters)
def test_an_hour_is_the_sum_of_its_quarters(end):
    assert readings.load_profile(3, MONO, 0, end, 60) == sum(
        readings.profile(3, MONO, 0, end - 2700, 4)
    )


def test_closures_agree_with_the_profile_on_days_of_92_and_100_quarters():
    for day, expected in ((date(2026, 4, 4), 100), (date(2026, 9, 6), 92), (date(2026, 6, 10), 96)):
        begin, end = time.local_day(day, SANTIAGO)
        count = (end - begin) // 900
        assert count == expected
        used = sum(readings.profile(5, INJECTING, 2, begin + 900, count))
        closures = [readings.register(5, INJECTING, 2, 0, at) for at in (begin, end)]
        assert closures[1] - closures[0] == used > 0


def test_only_the_bidirectional_meter_injects_and_only_around_noon():
    midnight = NOON - 11 * 3600
    assert not any(readings.profile(1, POLY, 2, midnight + 900, 96))
    day = readings.profile(1, INJECTING, 2, midnight + 900, 96)
    assert not any(day[:31])
    assert not any(day[64:])
    assert sum(day[40:56]) > sum(day) / 2


def test_more_is_used_at_the_weekend():
    monday = NOON - 2 * 86_400
    days = [sum(readings.profile(1, MONO, 0, monday + 86_400 * n, 96)) for n in range(7 * 20)]
    weekend = sum(day for n, day in enumerate(days) if n % 7 in (4, 5)) / 40
    assert weekend > 1.05 * sum(day for n, day in enumerate(days) if n % 7 in (0, 1, 2)) / 60


def test_every_measurand_register_has_a_value_and_extremes_enclose_the_average():
    for register in REGISTERS:
        low, middle, high = (measurands.value(1, POLY, register, kind, NOON) for kind in (3, 2, 4))
        assert low <= middle <= high
    assert 2000 < measurands.value(1, MONO, 0x0D, 2, NOON) < 2400


def test_active_power_follows_the_load_profile():
    assert measurands.value(1, MONO, 0x07, 1, NOON) == 4 * readings.load_profile(1, MONO, 0, NOON)


def test_most_alarm_words_are_zero_and_some_are_not():
    words = [incidents.alarm_word(1, MONO, NOON + 86_400 * day) for day in range(1000)]
    assert 0.9 < words.count(0) / 1000 < 1


def test_interruptions_lie_within_the_asked_time():
    found = list(incidents.interruptions(1, POLY, NOON, NOON + 400 * 86_400))
    assert found
    assert all(NOON < each.end <= NOON + 400 * 86_400 for each in found)
    halves = [
        *incidents.interruptions(1, POLY, NOON, NOON + 200 * 86_400),
        *incidents.interruptions(1, POLY, NOON + 200 * 86_400, NOON + 400 * 86_400),
    ]
    assert halves == found
