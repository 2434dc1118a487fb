"""Orders of concentrators from the door to the field and back: real engine, real driver."""

import json
from functools import partial

import pytest
from django.contrib.auth import get_user_model

from devices.choices import ConcentratorState
from devices.drivers.cosem.driver import CosemDriver
from devices.models import (
    Concentrator,
    ConcentratorStatus,
    EndDeviceEvent,
    RepeaterRow,
    SpontaneousProfile,
)
from devices.parameters import change
from devices.protocol.axdr import encode
from devices.simulator import faults
from devices.simulator.device import FieldOptions
from devices.simulator.faults import changes
from devices.simulator.population import Fleet
from devices.simulator.speaking import profile_of
from tests.factories.simulated import QUICK, give_keys, listening, provision, visit_all
from tests.factories.visits import due, quick_company
from tests.workorders.activities.orders.model import SET_NAME, SET_PORT
from workorders import host_clock, invariants, orders, scripts, slots, submission
from workorders.engine import Engine, Options
from workorders.models import OrderEvent, Slot, WorkOrder
from workorders.requests import Request

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(orders, "FIRST_READ_SECONDS", 0.0)
    monkeypatch.setattr(orders, "PAUSE_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def _nothing_is_broken_afterwards(transactional_db):
    yield
    assert invariants.broken() == []


class World:
    """One concentrator with four meters; faults are its own."""

    def __init__(self, field, fleet: Fleet) -> None:
        self.field, self.fleet = field, fleet
        self.company = quick_company("America/Santiago")
        (self.td,) = provision(self.company, fleet, field)
        give_keys(self.company, fleet.meters)
        self.held = field.holdings.concentrator(self.td.serial_number)
        self.meter = next(iter(fleet.meters))

    def ask(self, kind: str, *, of_meter: bool = False, **parameters) -> WorkOrder:
        serial = self.meter.serial if of_meter else self.td.serial_number
        target = {"meter" if of_meter else "concentrator": serial}
        request = Request(kind, self.company.pk, **target, parameters=parameters)
        [answer] = submission.submit([request])
        assert answer.rejected is None, answer.rejected
        return WorkOrder.objects.get(pk=answer.order_id)

    def order(self, kind: str, **options) -> WorkOrder:
        """Submitted, and carried out to its end."""
        order = self.ask(kind, **options)
        for _ in range(10):
            visit_all()
            order.refresh_from_db()
            if order.ended_at:
                return order
        raise AssertionError(f"order {order} never ended")


@pytest.fixture
def world(request):
    fleet = Fleet.generate(1, 1, 4)
    serial = next(iter(fleet.concentrators)).serial
    harms = [make() for make in getattr(request, "param", ())]  # each strikes in one test only
    with listening(fleet, {serial: harms}, FieldOptions(answer_share=1.0)) as field:
        yield World(field, fleet)


def states(order: WorkOrder) -> list[str]:
    moves = OrderEvent.objects.filter(order_id=order.pk).order_by("at", "id")
    return list(moves.values_list("state", flat=True))


LOSSES = [
    [],
    [partial(changes.LoseAnswer, times=1)],
    [partial(changes.DropChange, times=1)],
    [partial(changes.LoseAnswer, times=3)],
]
NAMES = ["clean", "answer lost", "request lost", "three lost"]
lossy = pytest.mark.parametrize("world", LOSSES, indirect=True, ids=NAMES)


@lossy
def test_a_new_concentrator_is_configured_initialised_and_only_then_collected(world):
    world.td.spontaneous_profile = SpontaneousProfile.objects.create(
        company=world.company, name="field"
    )
    world.td.state = ConcentratorState.INSTALLED
    world.td.save()
    change(world.company, "ntp_server", "ntp.example")
    due(world.td, "repeater_table")
    visit_all()
    assert [slot.state for slot in Slot.objects.all()] == ["due"]
    order = world.order("concentrator_technical_configuration")
    assert (order.state, order.result_text) == ("done", "OK")
    assert Concentrator.objects.get().state == "initialised"
    assert world.held.spontaneous
    assert world.held.written["100·0.0.25.10.0·3"] == encode(b"ntp.example").hex()
    visit_all()
    assert [slot.state for slot in Slot.objects.all()] == ["done"]
    again = world.order("concentrator_technical_configuration")
    assert (again.state, again.result) == ("done", {"written": []})
    assert "sending" not in states(again)


@lossy
def test_a_new_profile_reaches_the_concentrator_and_the_inventory_by_one_order(world, settings):
    settings.SPONTANEOUS_ADDRESS, settings.LAST_GASP_PORT = "10.0.1.36", 58_700
    for name, period in (("old", 60), ("new", 15)):
        SpontaneousProfile.objects.create(company=world.company, name=name, period=period)
    order = world.order("concentrator_technical_configuration", spontaneous_profile="new")
    assert (order.state, order.result_text) == ("done", "OK")
    assert profile_of(world.held.spontaneous) == (True, "10.0.1.36", 58_692, 15, True, True, 58_700)
    assert Concentrator.objects.get().spontaneous_profile.name == "new"


@pytest.mark.parametrize("world", [[partial(faults.ClockDrift, 7_200)]], indirect=True)
def test_a_clock_that_visits_must_not_step_is_set_by_order_once_ours_is_proven(world, monkeypatch):
    visit_all()
    monkeypatch.setattr(host_clock, "objection", lambda *_: "host clock is not proven")
    refused = world.order("concentrator_synchronisation")
    assert (refused.state, refused.result_code) == ("failed", "26.0.0.79")
    assert refused.result_text == "[SINCRO_LVC] host clock is not proven"
    monkeypatch.undo()
    order = world.order("concentrator_synchronisation")
    assert (order.state, order.result_text) == ("done", "OK")
    assert order.result["drift"] == pytest.approx(7_200, abs=3)
    assert abs(ConcentratorStatus.objects.get().clock_drift) < 2
    stepped = EndDeviceEvent.objects.get(kind="clock_stepped")
    assert stepped.text.endswith(f"s from ours, set by order {order.pk}")


def test_the_repeater_table_is_recorded_and_the_status_word_kept(world):
    table = world.order("repeater_table")
    assert (table.state, table.result) == ("done", {"meters": 4})
    assert RepeaterRow.objects.filter(concentrator=world.td).count() == 4
    word = world.order("status_word")
    assert word.result["status_word"] == "04B01E"
    assert bytes(ConcentratorStatus.objects.get().status_word).hex() == "04b01e"


def test_a_slot_of_the_same_visit_finds_the_ordered_table_read(world):
    due(world.td, "repeater_table")
    order = world.order("repeater_table")
    assert order.state == "done"
    assert [slot.state for slot in Slot.objects.all()] == ["done"]
    assert slots.open_count() == 0


@lossy
def test_summer_times_are_those_of_the_zone(world):
    order = world.order("concentrator_dst")
    assert (order.state, order.result_text) == ("done", "OK")
    assert len(order.parameters["periods"]) >= 2
    assert "sending" in states(order)


def test_ordered_summer_times_outlive_visits_until_the_zones_are_ordered_again(world):
    own = [{"begin": "2026-08-30T04:00:00+00:00", "end": "2027-04-04T03:00:00+00:00"}]
    assert world.order("concentrator_dst", periods=own).state == "done"
    due(world.td, "repeater_table")
    visit_all()
    ordered = Concentrator.objects.get().ordered_summer_times
    assert ordered == [[1_788_062_400, 1_806_807_600]]
    assert _begins(world)[0] == "07ea081e"
    again = world.order("concentrator_dst")
    assert (again.state, again.parameters["from_zone"]) == ("done", True)
    assert Concentrator.objects.get().ordered_summer_times is None
    assert "07ea081e" not in _begins(world)


def _begins(world: World) -> list[str]:
    """The days on which the concentrator begins its summer times."""
    table = world.field.device(world.td.serial_number).memory.daylight_saving
    return [begin.hex()[:8] for begin, _ in table]


@lossy
def test_a_script_is_carried_out_step_by_step_and_noted(world):
    _released(world, "SET_NAME", "meter", SET_NAME["steps"])
    _released(world, "SET_PORT", "concentrator", SET_PORT["steps"])
    order = world.order("meter_script", of_meter=True, script="SET_NAME")
    assert (order.state, order.result_code, order.result["steps"]) == ("done", "3.7.83.58", 2)
    assert world.field.holdings.meter(world.meter).calendar["0"] == encode(b"BT9").hex()
    own = world.order("concentrator_script", script="SET_PORT")
    assert (own.state, own.result) == ("done", {"script": "SET_PORT", "version": 1, "steps": 1})
    assert "100·0.0.25.10.0·4" in world.held.written


@pytest.mark.parametrize("world", [[partial(changes.LoseAnswer, times=1)]], indirect=True)
def test_a_step_whose_answer_was_lost_is_found_and_not_sent_again(world):
    _released(world, "SET_NAME", "meter", SET_NAME["steps"])
    driver = CosemDriver(pause=0.01, tag_orders=True)
    order = world.ask("meter_script", of_meter=True, script="SET_NAME")
    for _ in range(3):
        Engine(lambda _: driver, Options(limits=QUICK)).run_until_idle()
    order.refresh_from_db()
    executions = world.field.holdings.meter(world.meter).executions[str(order.pk)]
    assert (order.state, set(executions.values()), len(executions)) == ("done", {1}, 2)
    assert "unknown" in states(order)


def _released(world: World, name: str, target: str, steps: list) -> None:
    for person in ("ada", "bob"):
        get_user_model().objects.get_or_create(username=person)
    text = json.dumps({"name": name, "target": target, "steps": steps})
    scripts.add(world.company, text, "ada")
    scripts.release(world.company, name, "bob")
