"""Civil days, slots and stamps, above all where America/Santiago changes its clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hes.domain import time

SANTIAGO = ZoneInfo("America/Santiago")


@pytest.mark.parametrize(
    ("day", "quarters"),
    [
        (date(2026, 4, 3), 96),
        (date(2026, 4, 4), 100),  # 23:00 to 24:00 happens twice
        (date(2026, 4, 5), 96),
        (date(2026, 9, 5), 96),
        (date(2026, 9, 6), 92),  # begins at 01:00
        (date(2026, 9, 7), 96),
    ],
)
def test_days_of_santiago_have_their_true_number_of_quarters(day: date, quarters: int) -> None:
    assert time.quarters_in(day, SANTIAGO) == quarters


def test_a_day_without_midnight_begins_at_the_jump() -> None:
    begin = time.local_midnight(date(2026, 9, 6), SANTIAGO)
    assert time.utc(begin) == datetime(2026, 9, 6, 4, 0, tzinfo=UTC)
    stamp = time.local_stamp(begin, time.offset_at(SANTIAGO, begin))
    assert stamp == "2026-09-06 01:00:00.000"


def test_midnight_belongs_to_the_day_before() -> None:
    midnight = time.epoch_of(datetime(2026, 6, 10, tzinfo=UTC))
    assert time.slot_of(midnight) == (time.day_number(date(2026, 6, 9)), 96)
    assert time.slot_of(midnight + 900) == (time.day_number(date(2026, 6, 10)), 1)


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
def test_every_instant_lies_in_the_slot_that_ends_next(moment: datetime) -> None:
    instant = int(moment.replace(tzinfo=UTC).timestamp())
    day, slot = time.slot_of(instant)
    end = day * time.DAY + slot * time.QUARTER
    assert 1 <= slot <= 96
    assert end - time.QUARTER < instant <= end


@given(st.dates(min_value=date(2020, 1, 1), max_value=date(2035, 12, 31)))
def test_civil_days_follow_one_another_without_gap(day: date) -> None:
    assert time.local_day(day, SANTIAGO)[1] == time.local_day(day + timedelta(days=1), SANTIAGO)[0]


@given(st.dates(min_value=date(1970, 1, 1)))
def test_day_numbers_are_the_inverse_of_dates(day: date) -> None:
    assert time.date_of(time.day_number(day)) == day


def test_utc_stamps_keep_milliseconds_and_drop_the_zone() -> None:
    moment = datetime(2021, 4, 10, 14, 34, 52, 834_999, tzinfo=SANTIAGO)
    assert time.utc_stamp(moment) == "2021-04-10 18:34:52.834"
