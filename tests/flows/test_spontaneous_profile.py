"""From a setting of the system over an order to a datagram: the field speaks as it was told."""

import time

import pytest

from devices.models import SpontaneousProfile
from devices.simulator.datagrams import Sender
from devices.simulator.population import Fleet
from devices.simulator.speaking import Voice
from devices.simulator.storms import Storm
from listeners.models import ConcentratorPower, LastConcentratorMessage, WakeUp
from tests.factories.feeders import listener, wait_for
from tests.factories.simulated import listening, provision, visit_all
from tests.factories.visits import quick_company
from workorders import submission
from workorders.models import WorkOrder
from workorders.requests import Request

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def field():
    with listening(Fleet.generate(1, 1, 4)) as running:
        yield running


@pytest.fixture
def td(field):
    company = quick_company("America/Santiago")
    [made] = provision(company, Fleet.generate(1, 1, 4), field)
    made.spontaneous_profile = SpontaneousProfile.objects.create(company=company, name="all")
    made.save()
    return made


@pytest.fixture
def ports(tmp_path, settings):
    """Those of a listener, which are those of the system."""
    with listener(tmp_path) as (wake_up, last_gasp):
        settings.WAKE_UP_PORT, settings.LAST_GASP_PORT = wake_up, last_gasp
        settings.SPONTANEOUS_ADDRESS = "127.0.0.1"
        yield wake_up, last_gasp


@pytest.fixture
def voice(field):
    sender = Sender()
    yield Voice(field, Fleet.generate(1, 1, 4), sender)
    sender.close()


def ordered(td, kind: str) -> WorkOrder:
    request = Request(kind, td.company_id, concentrator=td.serial_number)
    [answer] = submission.submit([request])
    assert answer.rejected is None, answer.rejected
    visit_all()
    return WorkOrder.objects.get(pk=answer.order_id)


def heard() -> dict[str, int]:
    """The last message of each kind: the port it came to."""
    return dict(LastConcentratorMessage.objects.values_list("kind", "port"))


def test_what_an_order_told_a_concentrator_is_what_the_listener_hears(td, ports, voice):
    wake_up, last_gasp = ports
    assert ordered(td, "concentrator_technical_configuration").state == "done"
    assert ordered(td, "wake_up").state == "done"
    voice.speak(time.time())
    voice.strike(Storm(int(time.time()) - 30, 20, range(1)))
    voice.speak(time.time())
    wait_for(lambda: heard() == {"WAKE_UP": wake_up, "LVC_POWER_OFF": last_gasp}, "darkness")
    assert ConcentratorPower.objects.get(concentrator=td).is_dark
    assert WakeUp.objects.get(concentrator=td).address == "127.0.0.1"
    voice.speak(time.time() + 200)
    wait_for(lambda: "LVC_POWER_ON" in heard(), "light")
    assert not ConcentratorPower.objects.get(concentrator=td).is_dark
