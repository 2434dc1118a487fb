"""Keys change hands on real sockets: rotated, public to private and back, a concentrator's own."""

import pytest

from devices import keys
from devices.choices import Holder
from devices.models import Meter
from devices.simulator.faults import changes
from tests.factories.key_field import KeyField, history, key_states, watched_counters
from workorders import invariants, orders
from workorders.activities.orders import mutual_authentication

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(orders, "FIRST_READ_SECONDS", 0.1)
    monkeypatch.setattr(orders, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(mutual_authentication, "NEXT_VISIT_SECONDS", 0.2)


@pytest.fixture(autouse=True)
def _no_counter_comes_twice(monkeypatch, transactional_db):
    with watched_counters(monkeypatch) as seen:
        yield
    assert seen
    assert max(seen.values()) == 1
    assert invariants.broken() == []


def test_a_rotation_leaves_meter_store_and_concentrator_with_the_same_new_keys(caplog):
    with KeyField().running() as field, field.visited():
        meter = field.meters[0]
        before = field.held(meter)
        order = field.order("key_rotation", meter)
        assert (order.state, order.result_text) == ("done", "OK"), order.result_text
        assert field.agrees(meter)
        held = field.held(meter)
        assert all(held[role] != before[role] for role in held)
        pair = tuple(held[role] for role in keys.PAIR)
        assert field.known_by_concentrator(meter) == [pair]
        assert field.order("reading", meter).state == "done"
    assert history(order) == [
        "new keys are stored",
        "concentrator knows the new keys as next",
        "meter has accepted new keys: encryption, authentication",
        "meter has accepted new keys: master",
        "new keys are active, the old ones expired",
    ]
    pk = Meter.objects.get(serial_number=meter.serial).pk
    assert key_states(Holder.METER, pk) == {"expired": 1, "active": 1}
    _no_secret_in(caplog, order, [*held.values(), *before.values()])


def _no_secret_in(caplog, order, values):
    told = [caplog.text, repr(order.__dict__), *history(order)]
    for value in values:
        for form in (value.hex(), repr(value)[2:-1]):
            assert not any(form.lower() in text.lower() for text in told)


def test_two_rotations_follow_each_other():
    with KeyField().running() as field, field.visited():
        meter = field.meters[0]
        assert [field.order("key_rotation", meter).state for _ in range(2)] == ["done", "done"]
        assert field.agrees(meter)


FAULTS = [changes.DropChange, changes.LoseAnswer, changes.SilentAfter, changes.SilentBefore]
FAULTS += [changes.RefuseAndExecute]


class Nth:
    """Harms only the `nth` change of the device."""

    def __init__(self, fault, nth):
        self.fault, self.left = fault(), nth

    def strikes(self):
        self.left -= 1
        return self.left == -1 and self.fault.strikes()

    def harm(self, execute):
        return self.fault.harm(execute)


@pytest.mark.parametrize("nth", range(4))
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_whatever_is_lost_of_a_rotation_the_meter_opens_again_and_the_order_ends(fault, nth):
    with KeyField().running() as field, field.visited():
        meter = field.meters[0]
        field.device.change_faults.append(Nth(fault, nth))
        order = field.order("key_rotation", meter)
        assert order.state in ("done", "failed"), order.result_text
        after = field.order("reading", meter)
        assert after.state == "done", after.result_text
        if order.state == "failed":
            assert field.order("key_rotation", meter).state == "done"
        assert field.agrees(meter)
    pk = Meter.objects.get(serial_number=meter.serial).pk
    assert key_states(Holder.METER, pk) == {"expired": 1, "active": 1}
