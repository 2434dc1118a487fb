"""Firmware from the image to the new version: real engine, real driver, the simulated field."""

from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from django.db import connection

from devices.drivers.cosem.driver import CosemDriver
from devices.meter_models import ensure_meter_models
from devices.models import Concentrator, Meter, MeterModel
from devices.parameters import change
from devices.simulator import images as simulated
from devices.simulator import nameplate
from devices.simulator.device import FieldOptions
from devices.simulator.faults import CorruptBlock, LostBlock, RestartInTransfer, SilentAfter
from devices.simulator.population import Fleet
from tests.factories.engines import at_work
from tests.factories.processes import wait_until
from tests.factories.simulated import QUICK, give_keys, listening, provision
from tests.factories.visits import quick_company, visits
from workorders import campaigns, command_lock, images, invariants, ordering, orders, submission
from workorders.activities.orders import image_transfer
from workorders.activities.orders.base import Target
from workorders.campaigns import Plan
from workorders.campaigns.rules import Act
from workorders.campaigns.targets import Choice
from workorders.engine import Engine, Options
from workorders.images import Label
from workorders.models import Campaign, OrderEvent, WorkOrder
from workorders.requests import Request
from workorders.states import FINAL

pytestmark = pytest.mark.django_db(transaction=True)
NEW = "12"


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    for name in ("FIRST_READ_SECONDS", "PAUSE_SECONDS"):
        monkeypatch.setattr(orders, name, 0.1)
    for name, value in (("PAUSE", 0.1), ("NEXT_SLICE", 0.0), ("SLICE", 20), ("BATCH", 8)):
        monkeypatch.setattr(image_transfer, name, value)


@pytest.fixture(autouse=True)
def _nothing_is_broken_afterwards(transactional_db):
    yield
    assert invariants.broken() == []


class World:
    """One company, one concentrator with three meters of one model, an engine that serves it."""

    def __init__(self, *faults, tmp_path, **options):
        self.fleet = Fleet.generate(1, 1, 3, uniform=True)
        self.serial = next(iter(self.fleet.concentrators)).serial
        self.faults, self.options = {self.serial: faults}, FieldOptions(**options)
        self.company = quick_company("America/Santiago")
        change(self.company, "order_read_back", "1")
        self.meters = list(self.fleet.meters)
        self.model = nameplate.model(self.meters[0].serial)
        self.path = tmp_path

    @contextmanager
    def running(self):
        with listening(self.fleet, self.faults, self.options) as field:
            provision(self.company, self.fleet, field)
            give_keys(self.company, self.meters)
            ensure_meter_models()
            Meter.objects.update(model=MeterModel.objects.get(code=self.model))
            self.device, self.holdings = field.device(self.serial), field.holdings
            driver = CosemDriver(pause=0.01, tag_orders=True)
            engine = Engine(lambda _: driver, Options(limits=QUICK, poll=0.05, renew=0.3))
            with at_work(engine):
                yield self
        connection.close()

    def image(self, target, model, version, size, raw=None) -> str:
        """A released image; `raw` in place of a good one."""
        name = f"{model or 'lvc'}-{version}"
        file = self.path / name
        made = simulated.build(model or simulated.CONCENTRATOR, version, size)
        file.write_bytes(raw or made)
        images.add(self.company.pk, file, Label(target, model, version, name), "ada")
        images.release(self.company.pk, name, "bob")
        return name

    def updated(self, kind="meter_firmware", *, name, **place):
        """Order it and wait for the end."""
        request = Request(kind=kind, company_id=self.company.pk, parameters={"image": name},
                          requested_by="ada", priority=9, **place)  # fmt: skip
        [answer] = submission.submit([request])
        assert answer.rejected is None, answer.rejected
        wait_until(lambda: WorkOrder.objects.get(pk=answer.order_id).state in FINAL, seconds=60)
        return WorkOrder.objects.get(pk=answer.order_id)

    def store(self, number=0):
        return self.device.memory.images[self.meters[number].mac]


def causes(order) -> list[str]:
    found = OrderEvent.objects.filter(order_id=order.pk).order_by("at", "id")
    return [event.cause for event in found]


def firmware_of(meter) -> str:
    return Meter.objects.get(serial_number=meter.serial).firmware


@pytest.mark.parametrize(
    "faults",
    [(), (LostBlock(5),), (RestartInTransfer(33),), (SilentAfter(times=2),)],
    ids=["nothing wrong", "a lost block", "a restart in the middle", "lost answers"],
)
def test_a_meter_gets_its_image_over_several_visits_and_starts_it_once(faults, tmp_path):
    with World(*faults, tmp_path=tmp_path, restart_seconds=0.3).running() as world:
        name = world.image(Target.METER, world.model, NEW, 10_100)
        order = world.updated(name=name, meter=world.meters[0].serial)
        assert (order.state, order.result_code) == ("done", "3.7.31.24"), order.result_text
        assert world.store().activations == 1
        assert firmware_of(world.meters[0]) == NEW
        assert firmware_of(world.meters[1]) == ""
        executed = world.holdings.meter(world.meters[0]).executions[str(order.pk)]
    assert causes(order).count("to be continued") >= 2
    told = [cause for cause in causes(order) if cause != "silent"]
    assert told[-3:] == ["begun", "lost", "found done"]
    assert executed == {"18·0.0.44.0.0!4": 1}


def test_a_meter_whose_image_was_damaged_keeps_its_version(tmp_path, monkeypatch):
    """And what is never activated takes no lock from the commands of others."""
    locked = []
    acquire = command_lock.acquire
    monkeypatch.setattr(command_lock, "acquire", lambda of: locked.append(of) or acquire(of))
    with World(CorruptBlock(7), tmp_path=tmp_path).running() as world:
        name = world.image(Target.METER, world.model, NEW, 3_000)
        order = world.updated(name=name, meter=world.meters[0].serial)
        assert (order.state, order.result_text) == ("failed", "[FW_VERIFY] VERIFICATION FAILED")
        assert (world.store().activations, firmware_of(world.meters[0])) == (0, "")
        assert locked == []
        again = world.updated(name=name, meter=world.meters[0].serial)
        assert (again.state, world.store().activations) == ("done", 1)
        assert locked


def test_a_concentrator_restarts_with_its_image_and_shows_version_and_state(tmp_path):
    with World(tmp_path=tmp_path, restart_seconds=0.5).running() as world:
        name = world.image(Target.CONCENTRATOR, "", "050117", 200_000)
        order = world.updated("concentrator_firmware", name=name, concentrator=world.serial)
        assert order.state == "done", order.result_text
        assert world.device.memory.images[bytes(6)].activations == 1
    td = Concentrator.objects.get(serial_number=world.serial)
    seen = td.software_version, td.software_number, td.software_update_state
    assert seen == ("050117", 22, "activated")


def test_a_campaign_updates_a_canary_first_and_then_the_others(tmp_path):
    with World(tmp_path=tmp_path).running() as world:
        name = world.image(Target.METER, world.model, NEW, 2_000)
        plan = Plan("spring", "meter_firmware", {"image": name}, canary=1, wave=2)
        made, count = campaigns.create(world.company.pk, plan, Choice(model=world.model), "ada")
        assert count == 3
        campaigns.act(made, Act.APPROVE, "bob")
        campaigns.act(made, Act.START, "ada")
        wait_until(lambda: Campaign.objects.get(pk=made).state == "done", seconds=60)
        assert [firmware_of(meter) for meter in world.meters] == [NEW] * 3
        assert [world.store(number).activations for number in range(3)] == [1, 1, 1]
    canary, *others = WorkOrder.objects.order_by("pk")
    assert all(order.created_at > canary.ended_at for order in others)


def test_a_visit_that_has_spent_its_time_on_images_leaves_the_next_one_to_another(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(ordering, "LONG_SECONDS", 1e-9)
    with World(tmp_path=tmp_path).running() as world:
        name = world.image(Target.METER, world.model, NEW, 1_000)
        requests = [
            Request("meter_firmware", world.company.pk, meter=meter.serial, requested_by="ada",
                    parameters={"image": name})
            for meter in world.meters
        ]  # fmt: skip
        submission.submit(requests)
        wait_until(lambda: not WorkOrder.objects.exclude(state="done").exists(), seconds=60)
    td = Concentrator.objects.get(serial_number=world.serial)
    claimed = OrderEvent.objects.filter(cause="claimed")
    taken = [claimed.filter(at__range=(v.started_at, v.ended_at)).count() for v in visits(td)]
    assert (sum(taken), max(taken)) == (3, 1)


def test_a_meter_that_is_silent_gets_its_image_when_it_comes_back(tmp_path):
    with World(tmp_path=tmp_path).running() as world:
        mac = world.meters[0].mac
        world.device.memory.away[mac] = float("inf")
        name = world.image(Target.METER, world.model, NEW, 600)
        request = Request(kind="meter_firmware", company_id=world.company.pk, requested_by="ada",
                          meter=world.meters[0].serial, parameters={"image": name})  # fmt: skip
        [answer] = submission.submit([request])
        order = WorkOrder.objects.get(pk=answer.order_id)
        wait_until(lambda: causes(order).count("given back") >= 4, seconds=60)
        world.device.memory.away.clear()
        wait_until(lambda: WorkOrder.objects.get(pk=order.pk).state == "done", seconds=60)
    assert order.expires_at > datetime.now(UTC)
