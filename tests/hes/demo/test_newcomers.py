"""Each step of a new meter is told once."""

import pytest

from devices.models import Association, Meter
from hes.demo import newcomers
from hes.demo.newcomers import Newcomers
from tests.factories import fleets
from workorders.models import WorkOrder

pytestmark = pytest.mark.django_db
SERIAL = "UAAEEDN00000000001"


@pytest.fixture
def told(monkeypatch):
    """What was said of a meter, look by look; a second meter is in service since ever."""
    monkeypatch.setattr(newcomers, "EVERY", 0.0)
    company = fleets.company()
    fleets.meters(fleets.concentrator(company, None, name="TD-1"), 2)
    said = []
    watch = Newcomers(company, said.append)

    def look(state, step):
        Meter.objects.filter(serial_number=SERIAL).update(state=state, process_state=step)
        watch.tick()
        found, said[:] = list(said), []
        return found

    return look


def test_every_step_is_told_once(told):
    assert told("installed", "to_commission") == [
        f"  New meter {SERIAL}: discovered by TD-1, to be recruited"
    ]
    assert told("installed", "to_commission") == []
    assert told("installed", "recruiting") == [f"  New meter {SERIAL}: TD-1 is recruiting it"]
    assert told("commissioned", "to_configure") == [
        f"  New meter {SERIAL}: commissioned, to be configured"
    ]


def test_the_end_of_the_way_is_told_of_those_that_were_on_it(told):
    meter = Meter.objects.get(serial_number=SERIAL)
    told("commissioned", "to_configure")
    order = {"company_id": meter.company_id, "kind": "commissioning", "meter": meter}
    WorkOrder.objects.create(
        idempotency_key="1", expires_at="2026-11-28T00:00Z", state="queued", **order
    )
    assert told("commissioned", "") == [f"  New meter {SERIAL}: read by schedule"]
    Association.objects.all().delete()
    assert told("decommissioned", "") == [f"  New meter {SERIAL}: decommissioned"]
