"""Local stamps beside receipts: believed within a day, and right in the hour that comes twice."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocol.spontaneous import NO_STAMP, Kind, Message
from hes.domain.time import DAY, offset_at
from listeners.stamps import AHEAD, stamp_of

SANTIAGO = ZoneInfo("America/Santiago")
NOW = int(datetime(2026, 6, 12, 15, tzinfo=UTC).timestamp())
instants = st.integers(1_600_000_000, 1_900_000_000)


def off(local: int, deviation: int | None = None) -> Message:
    return Message(Kind.CONCENTRATOR_OFF, "21LVM50AE000816", local, deviation=deviation)


@given(instants, st.integers(0, 300))
def test_what_arrives_within_minutes_is_read_as_it_was_meant_at_any_time_of_the_year(
    at: int, delay: int
) -> None:
    local = at + offset_at(SANTIAGO, at) * 60
    stamp = stamp_of(off(local), SANTIAGO, at + delay)
    assert (stamp.at, stamp.is_doubted) == (at, False)


def test_of_two_equal_local_times_the_one_nearer_to_the_receipt_is_meant() -> None:
    first = int(datetime(2026, 4, 5, 2, 30, tzinfo=UTC).timestamp())  # 23:30 summer time
    local = first - 3 * 3600
    assert stamp_of(off(local), SANTIAGO, first + 5).at == first
    assert stamp_of(off(local), SANTIAGO, first + 3605).at == first + 3600


@pytest.mark.parametrize(
    ("age", "is_doubted"),
    [(-AHEAD, False), (-AHEAD - 1, True), (0, False), (DAY, False), (DAY + 1, True)],
)
def test_a_stamp_is_believed_if_hardly_ahead_and_at_most_a_day_old(
    age: int, is_doubted: bool
) -> None:
    stamp = stamp_of(off(NOW - age), ZoneInfo("UTC"), NOW)
    assert (stamp.is_doubted, stamp.believed()) == (is_doubted, None if is_doubted else NOW - age)


def test_only_what_may_be_a_replay_is_called_old() -> None:
    ages = {name: stamp_of(off(local), ZoneInfo("UTC"), NOW) for name, local in (
        ("days", NOW - 9 * DAY), ("lost", 946_684_800 + 60), ("new", NOW - 5),
    )}  # fmt: skip
    assert {name for name, stamp in ages.items() if stamp.is_old} == {"days"}


def test_a_deviation_goes_before_the_zone() -> None:
    assert stamp_of(off(NOW - 240 * 60, 240), ZoneInfo("UTC"), NOW).at == NOW


@pytest.mark.parametrize(
    ("message", "zone"), [(off(NO_STAMP), SANTIAGO), (off(NOW), None)], ids=["none", "no zone"]
)
def test_without_a_stamp_that_can_be_read_the_minute_of_the_receipt_stands(
    message: Message, zone: ZoneInfo | None
) -> None:
    found = {stamp_of(message, zone, NOW + second) for second in (0, 30, 59)}
    (stamp,) = found
    assert (stamp.at, stamp.is_doubted) == (NOW, True)
    assert stamp_of(message, zone, NOW + 60).local == stamp.local + 60


@given(st.integers(946_684_800, 7_983_000_000), instants)
def test_no_stamp_of_a_datagram_raises(local: int, received: int) -> None:
    stamp = stamp_of(off(local), SANTIAGO, received)
    assert stamp.is_doubted is not (received - DAY <= stamp.at <= received + AHEAD)
