"""Summer times as devices are told about them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from hes.domain.dst import summer_times


def spoken(zone: str, first: int, last: int) -> list[tuple[str, str]]:
    return [
        tuple(f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%d %H:%M}" for instant in period)
        for period in summer_times(ZoneInfo(zone), first, last)
    ]


def test_santiago_has_the_pairs_that_devices_are_told_in_2026():
    assert spoken("America/Santiago", 2026, 2027) == [
        ("2025-09-07 04:00", "2026-04-05 03:00"),
        ("2026-09-06 04:00", "2027-04-04 03:00"),
        ("2027-09-05 04:00", "2028-04-02 03:00"),
    ]


@pytest.mark.parametrize("zone", ["Europe/Rome", "Europe/Dublin"])
def test_a_northern_year_holds_one_summer_also_where_winter_is_the_exception(zone):
    assert spoken(zone, 2026, 2026) == [("2026-03-29 01:00", "2026-10-25 01:00")]


@pytest.mark.parametrize("zone", ["UTC", "America/Bogota"])
def test_a_zone_without_summer_time_has_none(zone):
    assert summer_times(ZoneInfo(zone), 2026, 2030) == ()
