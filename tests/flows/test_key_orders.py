"""Keys change hands on real sockets: rotated, public to private and back, a concentrator's own."""

import pytest

from devices import keys
from devices.choices import Holder
from devices.models import InvocationCounter, Meter
from devices.parameters import change
from devices.simulator.faults import changes
from devices.simulator.key_holder import GAK, GUEK
from tests.factories import key_steps
from tests.factories.key_field import KeyField, history, key_states, watched_counters
from tests.factories.processes import wait_until
from workorders import invariants, orders
from workorders.activities.orders import mutual_authentication
from workorders.models import OrderEvent, Visit, WorkOrder

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(orders, "FIRST_READ_SECONDS", 0.1)
    monkeypatch.setattr(orders, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(mutual_authentication, "NEXT_VISIT_SECONDS", 0.2)


@pytest.fixture
def _parts():
    """`keys_to_private` and `keys_to_public` may be ordered."""
    key_steps.install()
    yield
    key_steps.remove()


@pytest.fixture(autouse=True)
def counted(monkeypatch, transactional_db):
    """No counter comes twice under a key."""
    with watched_counters(monkeypatch) as seen:
        yield seen
    assert max(seen.values(), default=1) == 1
    assert invariants.broken() == []


def test_a_rotation_leaves_meter_store_and_concentrator_with_the_same_new_keys(caplog, counted):
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
    assert len({key for key, _, _ in counted}) == 3, "of the concentrator, the old and the new one"
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


@pytest.mark.usefixtures("_parts")
def test_new_meters_get_keys_of_their_own_and_share_the_counters_of_their_models_set():
    with KeyField(meters=3).running() as field, field.visited():
        for meter in field.meters:  # the first two are of one model
            field.make_new(meter)
            assert field.order("keys_to_private", meter).state == "done"
            assert field.agrees(meter)
    serials = [meter.serial for meter in field.meters]
    models = set(Meter.objects.filter(serial_number__in=serials).values_list("model", flat=True))
    shared = InvocationCounter.objects.filter(holder=Holder.MODEL)
    assert {row.holder_id for row in shared} == models
    assert {row.server_last for row in shared} == {-1}


@pytest.mark.usefixtures("_parts")
def test_a_meter_goes_to_its_models_keys_and_back_to_others():
    with KeyField().running() as field, field.visited():
        meter = field.meters[0]
        before = field.held(meter)
        assert field.order("keys_to_public", meter).state == "done"
        assert field.is_public(meter)
        assert field.row(meter).may_hold_public_keys
        assert field.order("reading", meter).state == "done"
        assert field.order("keys_to_private", meter).state == "done"
        assert field.agrees(meter)
        assert field.held(meter) != before
        assert not field.row(meter).may_hold_public_keys


def test_a_meter_in_service_is_never_opened_by_its_models_keys():
    with KeyField().running() as field, field.visited():
        meter = field.meters[0]
        field.field.holdings.meter(meter).is_new = True
        order = field.order("reading", meter)
    assert order.state == "failed"
    assert "TB_ACK_145" in order.result_text


def test_a_meter_without_a_public_set_of_its_model_is_not_taken_to_it():
    with KeyField().running() as field:
        key_steps.install()
        pk = field.row(field.meters[0]).model_id
        keys.forget(Holder.MODEL, [pk])
        with field.visited():
            order = field.order("keys_to_public", field.meters[0])
        key_steps.remove()
        assert field.agrees(field.meters[0])
    assert (order.state, "hes model-keys" in order.result_text) == ("failed", True)


def test_a_concentrator_gets_keys_of_its_own_and_the_next_visit_uses_them(caplog):
    with KeyField().running() as field, field.visited():
        order = field.order("mutual_authentication")
        assert (order.state, order.result_text) == ("done", "OK"), order.result_text
        assert field.concentrator_agrees(field.concentrator)
        holding = field.field.holdings.concentrator(field.concentrator.serial)
        assert holding.is_mutual
        held = field.device.key_holder().pair
        assert field.order("reading", field.meters[0]).state == "done"
    causes = OrderEvent.objects.filter(order_id=order.pk).values_list("cause", flat=True)
    assert (causes.filter(cause="begun").count(), "to be continued" in causes) == (2, True)
    secret = field.concentrator.secret("maa_password")
    _no_secret_in(caplog, order, [*held, secret])


@pytest.mark.parametrize("nth", range(2))
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_whatever_is_lost_of_a_mutual_authentication_the_next_visit_opens(fault, nth):
    with KeyField().running() as field, field.visited():
        field.device.change_faults.append(Nth(fault, nth))
        order = field.order("mutual_authentication")
        assert field.order("reading", field.meters[0]).state == "done"
        if order.state == "failed":
            assert field.order("mutual_authentication").state == "done"
        assert field.concentrator_agrees(field.concentrator)


def _holds_keys_that_nobody_knows(field):
    strange = {str(key): bytes([0xE0 + key]).hex() * 16 for key in (GUEK, GAK)}
    field.field.holdings.concentrator(field.concentrator.serial).keys.update(strange)


def test_without_the_setting_a_concentrator_is_never_opened_by_its_password():
    with KeyField().running() as field:
        _holds_keys_that_nobody_knows(field)
        pk = field.submit("mutual_authentication")
        with field.visited():
            wait_until(lambda: Visit.objects.filter(outcome="locked").exists())
        assert WorkOrder.objects.get(pk=pk).state != "done"
        assert not field.concentrator_agrees(field.concentrator)


def test_by_its_password_a_concentrator_gets_keys_and_does_nothing_else():
    with KeyField().running() as field:
        _holds_keys_that_nobody_knows(field)
        change(field.company, "password_commissioning", "true")
        with field.visited():
            refused = field.order("reading", field.meters[0])
            assert (refused.state, "mutual_authentication" in refused.result_text) == (
                "failed",
                True,
            )
            order = field.order("mutual_authentication")
            assert (order.state, order.result_text) == ("done", "OK"), order.result_text
            assert field.order("reading", field.meters[0]).state == "done"
        assert field.concentrator_agrees(field.concentrator)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_whatever_is_lost_over_the_password_the_concentrator_gets_its_keys(fault):
    with KeyField().running() as field:
        _holds_keys_that_nobody_knows(field)
        change(field.company, "password_commissioning", "true")
        field.device.change_faults.append(Nth(fault, 1))
        with field.visited():
            order = field.order("mutual_authentication")
            if order.state == "failed":
                assert field.order("mutual_authentication").state == "done"
            assert field.order("reading", field.meters[0]).state == "done"
        assert field.concentrator_agrees(field.concentrator)
