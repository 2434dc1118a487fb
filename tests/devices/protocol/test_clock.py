import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocol import clock
from devices.protocol.errors import GarbledError

SUMMER = bytes.fromhex("07EA0B14050A0F000000B480")


def test_the_profiles_summer_example_is_thirteen_fifteen_utc():
    stamp = clock.decode(SUMMER)
    assert (stamp.utc, stamp.deviation, stamp.status) == (1795180500, 180, clock.SUMMER_TIME)
    assert clock.encode(stamp.utc, 180, clock.SUMMER_TIME) == SUMMER


def test_the_daylight_saving_rules_of_2026_are_written_as_the_profile_prints_them():
    end = clock.encode(1775358000, 180, 0x80, clock.ANY_WEEKDAY)
    begin = clock.encode(1788667200, 240, 0, clock.ANY_WEEKDAY)
    assert end == bytes.fromhex("07EA0405FF0000000000B480")
    assert begin == bytes.fromhex("07EA0906FF0000000000F000")


@given(st.integers(-60_000_000_000, 250_000_000_000), st.integers(-720, 840))
def test_an_instant_survives_the_wire(utc, deviation):
    assert clock.decode(clock.encode(utc, deviation)).utc == utc


def test_a_clock_without_deviation_keeps_its_local_time_and_refuses_utc():
    stamp = clock.decode(clock.encode_local(1_000_000_000))
    assert (stamp.local, stamp.deviation) == (1_000_000_000, None)
    with pytest.raises(GarbledError, match="zone"):
        _ = stamp.utc


@pytest.mark.parametrize(
    "wire",
    [
        "FFFF0B14050A0F000000B480",
        "07EAFF14050A0F000000B480",
        "07EA021E050A0F000000B480",
        "07EA0B1405180F000000B480",
        "07EA0B14050AFF000000B480",
        "07EA0B14050A0F0000700080",
        "07EA0B14",
    ],
)
def test_wildcards_and_impossible_dates_are_garbled(wire):
    with pytest.raises(GarbledError):
        clock.decode(bytes.fromhex(wire))


def test_wildcard_seconds_hundredths_and_weekday_are_allowed():
    assert clock.decode(bytes.fromhex("07EA0B14FF0A0FFFFF00B480")).utc == 1795180500


def test_unspecified_dates_are_recognised():
    assert clock.is_unspecified(clock.UNSPECIFIED)
    assert not clock.is_unspecified(SUMMER)


@given(st.binary(min_size=10, max_size=14))
def test_random_bytes_give_a_stamp_or_garbled(raw):
    with contextlib.suppress(GarbledError):
        clock.decode(raw)
