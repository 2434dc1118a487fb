"""A wake-up notes where a device is and lets what waits run; never twice a minute."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from devices.protocol.spontaneous import Kind
from listeners.meaning import Understood
from listeners.models import ConcentratorPower, LastConcentratorMessage, WakeUp
from tests.factories import fleets, spoken
from tests.factories.spoken import NOW, heard, said
from workorders.models import Lane

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "10.7.7.7"


@pytest.fixture
def owner() -> Any:
    return spoken.concentrator()


def woken(second: int) -> Understood:
    return heard(said(Kind.WAKE_UP, NOW + second, address=ADDRESS), at=NOW + second)


def waiting(owner: Any, **more: Any) -> Lane:
    """A lane with work that is due, and a back-off after failures."""
    now = timezone.now()
    values = {"next_due": now - timedelta(minutes=1), "not_before": now + timedelta(hours=1)}
    return Lane.objects.create(concentrator=owner, failures=3, **values | more)


def test_address_and_time_are_noted_and_the_inventory_stays(owner: Any) -> None:
    assert woken(0) == Understood(stored=1)
    noted = WakeUp.objects.get()
    assert (noted.concentrator, noted.address) == (owner, ADDRESS)
    assert noted.heard_at.timestamp() == NOW
    owner.refresh_from_db()
    assert owner.host == spoken.HOST
    assert LastConcentratorMessage.objects.get().kind == "WAKE_UP"


def test_a_wake_up_makes_no_line_and_says_nothing_of_power(owner: Any) -> None:
    woken(0)
    assert (fleets.lines("LPE"), ConcentratorPower.objects.count()) == ([], 0)


def test_work_that_waits_for_its_back_off_runs_at_once(owner: Any) -> None:
    lane = waiting(owner)
    woken(0)
    lane.refresh_from_db()
    assert (lane.not_before, lane.failures) == (None, 3)


def test_a_back_off_without_work_stays(owner: Any) -> None:
    lane = waiting(owner, next_due=timezone.now() + timedelta(hours=2))
    woken(0)
    lane.refresh_from_db()
    assert lane.not_before is not None


def test_orders_that_are_due_count_as_work(owner: Any) -> None:
    lane = waiting(owner, next_due=None, orders_due=timezone.now() - timedelta(minutes=1))
    woken(0)
    lane.refresh_from_db()
    assert lane.not_before is None


def test_a_device_pokes_once_a_minute_however_often_it_speaks(owner: Any) -> None:
    woken(0)
    lane = waiting(owner)
    assert woken(59) == Understood(stored=1)
    lane.refresh_from_db()
    assert lane.not_before is not None
    woken(60)
    lane.refresh_from_db()
    assert lane.not_before is None


def test_a_stranger_wakes_nobody(owner: Any) -> None:
    lane = waiting(owner)
    raw = said(Kind.WAKE_UP, address=ADDRESS)
    assert heard(raw, source="10.9.9.9") == Understood(suspects=1)
    lane.refresh_from_db()
    assert (lane.not_before is not None, WakeUp.objects.count()) == (True, 0)
