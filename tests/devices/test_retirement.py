"""Which partitions are old: whole days and months, by the day on which somebody asks."""

from datetime import date

import pytest

from devices.partition_drops import partitions_of
from devices.partitions import ensure
from devices.retirement import Retirement


@pytest.mark.parametrize(
    ("today", "months", "first"),
    [
        (date(2026, 11, 28), 24, date(2024, 11, 1)),
        (date(2026, 11, 28), 11, date(2025, 12, 1)),
        (date(2027, 1, 1), 1, date(2026, 12, 1)),
        (date(2026, 12, 31), 12, date(2025, 12, 1)),
    ],
)
def test_months_are_counted_from_the_one_that_runs(today, months, first):
    assert Retirement(today, lambda *_: None).months_ago(months) == first


@pytest.mark.django_db(transaction=True)
def test_a_partition_knows_its_last_day():
    ensure("power_change", date(2030, 12, 5), date(2030, 12, 5))
    ensure("datagram", date(2030, 12, 31), date(2030, 12, 31))
    ends = [
        {one.begins: one.ends for one in partitions_of(table)}[begins]
        for table, begins in [("power_change", date(2030, 12, 1)), ("datagram", date(2030, 12, 31))]
    ]
    assert ends == [date(2031, 1, 1)] * 2
