"""What the benchmark of readings on demand looks up."""

from datetime import timedelta

import pytest
from django.db import connection

from benchmarks import readings
from tests.factories import ordered

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def td():
    return ordered.fleet(meters=3)


def test_a_start_is_the_time_from_submission_to_the_visit_or_until_now(td):
    taken = ordered.submit(td, priority=9)
    ordered.submit(td, number=2, priority=4)
    claim = ordered.visit()
    assert ordered.orders.take(claim).order == taken.pk
    with connection.cursor() as cursor:
        cursor.execute("UPDATE work_order SET created_at = created_at - %s", [timedelta(hours=1)])
    (lane, taken_after), (_, waited) = readings.starts()
    (_, taken_again), (_, waited_more) = readings.starts()
    assert lane == td.pk
    assert 3600 <= taken_after == taken_again < 3660
    assert 3600 <= waited < waited_more < 3660
