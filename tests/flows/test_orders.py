"""Orders from the door to the meter and back: real engine, real driver, the simulated field."""

from contextlib import contextmanager

import pytest
from django.db import connection

from devices.drivers.cosem.driver import CosemDriver
from devices.models import Meter
from devices.simulator.faults import bends, changes
from devices.simulator.population import Fleet
from tests.factories import fleets
from tests.factories.engines import at_work
from tests.factories.processes import wait_until
from tests.factories.simulated import QUICK, give_keys, listening, provision
from tests.factories.visits import quick_company
from workorders import invariants, orders, submission
from workorders.engine import Engine, Options
from workorders.models import OrderEvent, WorkOrder
from workorders.requests import Request
from workorders.states import FINAL

pytestmark = pytest.mark.django_db(transaction=True)


class World:
    """One company, one concentrator with three meters, an engine that serves it."""

    def __init__(self, faults=()):
        self.fleet = Fleet.generate(1, 1, 3)
        self.faults = {next(iter(self.fleet.concentrators)).serial: faults}
        self.company = quick_company("America/Santiago")
        self.meter = next(iter(self.fleet.meters))

    @contextmanager
    def running(self):
        with listening(self.fleet, self.faults) as field:
            provision(self.company, self.fleet, field)
            give_keys(self.company, self.fleet.meters)
            self.holding = field.holdings.meter(self.meter)
            driver = CosemDriver(pause=0.01, tag_orders=True)
            engine = Engine(lambda _: driver, Options(limits=QUICK, poll=0.05))
            with at_work(engine):
                yield self
        connection.close()

    def order(self, kind, *, bypass_retry=False, **parameters):
        """Submit it and wait for its end."""
        request = Request(
            kind=kind,
            company_id=self.company.pk,
            meter=self.meter.serial,
            parameters=parameters,
            requested_by="ada",
            correlation_id="C-1",
            priority=9,
            bypass_retry=bypass_retry,
        )
        [answer] = submission.submit([request])
        assert answer.rejected is None, answer.rejected
        wait_until(lambda: WorkOrder.objects.get(pk=answer.order_id).state in FINAL, seconds=20)
        return WorkOrder.objects.get(pk=answer.order_id)

    def executions(self, order):
        """How often the meter carried out changes of this order, by what."""
        return self.holding.executions.get(str(order.pk), {})


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(orders, "FIRST_READ_SECONDS", 0.1)
    monkeypatch.setattr(orders, "PAUSE_SECONDS", 0.1)


@pytest.fixture(autouse=True)
def _nothing_is_broken_afterwards(transactional_db):
    yield
    assert invariants.broken() == []


def states(order):
    return list(
        OrderEvent.objects.filter(order_id=order.pk)
        .order_by("at", "id")
        .values_list("state", flat=True)
    )


def hpe():
    return [line.split(";") for line in fleets.lines("HPE")]


def test_a_breaker_is_opened_and_closed_once_each_and_the_lines_say_so():
    with World().running() as world:
        opened = world.order("disconnect")
        assert (opened.state, opened.breaker, world.holding.control) == ("done", 0, 0)
        closed = world.order("reconnect")
        assert (closed.state, closed.breaker, world.holding.control) == ("done", 100, 1)
    assert states(opened) == ["queued", "leased", "sending", "done"]
    assert sum(world.executions(opened).values()) == 1
    assert [(line[3], line[5], line[7], line[9]) for line in hpe()] == [
        ("3.31.17.68", "C-1", "OK", "0"),
        ("3.31.17.42", "C-1", "OK", "100"),
    ]
    assert Meter.objects.get(serial_number=world.meter.serial).breaker_state == 100


@pytest.mark.parametrize("fault", [changes.DropChange, changes.LoseAnswer, changes.SilentAfter])
def test_a_lost_answer_is_found_out_by_a_read_and_nothing_is_done_twice(fault):
    with World([fault(times=1)]).running() as world:
        order = world.order("disconnect")
    assert (order.state, world.holding.control) == ("done", 0)
    assert "unknown" in states(order)
    assert sum(world.executions(order).values()) == 1


@pytest.mark.parametrize("fault", [changes.DropChange, changes.LoseAnswer])
def test_a_credit_is_added_once_whatever_is_lost(fault):
    with World([fault(times=1)]).running() as world:
        before = world.holding.credit
        order = world.order("credit_charge", amount=2_500)
    assert order.state == "done", order.result_text
    assert world.holding.credit == before + 2_500
    assert list(world.holding.charges.values()) == [1]
    assert "unknown" in states(order)
    assert [line.split(";")[2] for line in fleets.lines("PP")] == [str(before + 2_500)]


def test_a_refusal_fails_the_order_with_the_documents_text():
    with World([changes.RefuseChange(times=5, result=3)]).running() as world:
        order = world.order("disconnect")
    assert order.state == "failed"
    assert order.result_code == "3.31.17.84"
    assert order.result_text.startswith("[DETACH_METER] [TB_ACK_103]")
    assert world.holding.control == 1
    assert hpe()[-1][3] == "3.31.17.84"


def test_an_order_without_retries_fails_at_once_where_nobody_answers():
    with World([bends.Refuse()]).running() as world:
        order = world.order("reading", bypass_retry=True)
    assert (order.state, order.result_code) == ("failed", "3.21.87.85")
    assert order.result_text == "Concentrator is unreachable [Open socket is failed]"


def test_a_reading_leaves_its_registers():
    with World().running() as world:
        order = world.order("reading")
    assert order.state == "done", order.result_text
    assert order.result_code == "3.21.87.30"
    assert {line.split(";")[0] for line in fleets.lines("R")} == {world.meter.serial}
