"""From autodiscovery to a meter read by schedule: real engine, real driver, the simulated field."""

import random
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.db import connection
from django.utils import timezone

from devices import associations
from devices.choices import DiscoverySource
from devices.drivers.base import Period
from devices.drivers.cosem.driver import CosemDriver
from devices.models import Association, Meter
from devices.parameters import change
from devices.simulator.device import FieldOptions
from devices.simulator.population import Fleet
from hes.demo.field import load_public_keys
from tests.factories import fleets
from tests.factories.engines import at_work
from tests.factories.processes import wait_until, workers
from tests.factories.simulated import QUICK, install_newcomers, listening, provision
from tests.factories.visits import due, quick_company, states
from workorders import invariants, orders, submission
from workorders.engine import Engine, Options
from workorders.models import WorkOrder
from workorders.requests import Request

pytestmark = pytest.mark.django_db(transaction=True)

WAY = [
    "commissioning", "verify_commissioning", "meter_technical_configuration",
    "meter_entry_configuration",
]  # fmt: skip


class Newcomers:
    """One company, one concentrator with two meters in service and one that nobody knows yet."""

    def __init__(self, **options):
        self.fleet = Fleet.generate(1, 1, 2, new_meters=1)
        options = {"cycle_scale": 5400, "recruit_failures": 0.0, "answer_share": 1.0, **options}
        self.options = FieldOptions(**options)
        self.company = quick_company("America/Santiago")
        change(self.company, "recruit_check", "1")
        [self.new] = self.fleet.newcomers

    @contextmanager
    def running(self):
        with listening(self.fleet, options=self.options) as field:
            self.field = field
            [self.td] = provision(self.company, self.fleet, field)
            install_newcomers(self.company, self.fleet)
            load_public_keys(self.fleet)
            yield self
        connection.close()

    @contextmanager
    def served(self):
        """An engine serves it."""
        driver = CosemDriver(pause=0.01)
        engine = Engine(lambda _: driver, Options(limits=QUICK, poll=0.05, renew=0.3))
        with at_work(engine):
            yield

    def discover(self):
        """The collections of an hour before are recorded, then the node list is read."""
        now = int(time.time())
        due(self.td, "load_profile", "daily_closure", window=Period(now - 3600, now))
        due(self.td, "autodiscovery")

    def is_read_by_schedule(self):
        """Asks for the next cycles as the schedule does; whether its lines have come."""
        due(self.td, "load_profile", "daily_closure", ago=0)
        time.sleep(1)
        return bool(self.lines("S") and self.lines("DC"))

    @property
    def meter(self) -> Meter:
        return Meter.objects.get(serial_number=self.new.serial)

    def stands(self, state, step=""):
        meter = self.meter
        return (meter.state, meter.process_state) == (state, step)

    def held(self):
        return self.field.holdings.concentrator(self.td.serial_number)

    def orders(self):
        found = WorkOrder.objects.filter(meter=self.meter).order_by("id")
        return [(order.kind, order.state) for order in found]

    def order(self, kind):
        request = Request(
            kind=kind, company_id=self.company.pk, meter=self.new.serial, requested_by="ada",
            priority=9,
        )  # fmt: skip
        [answer] = submission.submit([request])
        assert answer.rejected is None, answer.rejected

    def lines(self, kind):
        """Lines of the new meter, split."""
        cells = (line.split(";") for line in fleets.lines(kind))
        return [row for row in cells if self.new.serial in row]

    def told(self):
        """Its life as LPE tells it."""
        return [row[7] for row in self.lines("LPE")]


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(orders, "FIRST_READ_SECONDS", 0.1)
    monkeypatch.setattr(orders, "PAUSE_SECONDS", 0.1)


@pytest.fixture(autouse=True)
def _nothing_is_broken_afterwards(transactional_db):
    yield
    assert invariants.broken() == []


def test_a_new_meter_goes_from_autodiscovery_to_lines_of_its_own():
    with Newcomers().running() as street, street.served():
        street.discover()
        wait_until(lambda: street.stands("commissioned"), seconds=45)
        wait_until(street.is_read_by_schedule, seconds=30)
    assert street.told() == ["Meter Associated", "Meter Commissioned"]
    assert [row[2] for row in street.lines("LPE")] == [street.new.pod] * 2
    assert street.orders() == [(kind, "done") for kind in WAY]
    _is_set_up_as_the_inventory_says(street)


def _is_set_up_as_the_inventory_says(street):
    association = Association.objects.get(meter=street.meter)
    assert association.source == DiscoverySource.AUTODISCOVERY
    assert association.discovered_by == street.td
    line = street.held().entries[street.new.mac.hex()]
    assert (line.closure, line.measurands) == (0b1111, [[0x0D, 2, 15]])
    holding = street.field.holdings.meter(street.new)
    assert (holding.profile_period, holding.time_zone) == (15, 240)
    assert abs(holding.drift) < 5
    device = street.field.device(street.td.serial_number)
    assert device.node_keys(street.new).pair == (
        street.new.encryption_key, street.new.authentication_key,
    )  # fmt: skip


def test_workers_killed_between_and_inside_the_steps_go_on_where_they_were():
    dice = random.Random(5)  # noqa: S311 - the same kills again
    with Newcomers().running() as street, workers() as worker:
        street.discover()
        running = worker("orders")
        for _ in range(8):
            time.sleep(dice.uniform(0.8, 2.4))
            running.kill()
            running.wait()
            running = worker("orders")
        wait_until(lambda: street.stands("commissioned"), seconds=60)
        runs = Counter(street.held().runs)
    assert street.told() == ["Meter Associated", "Meter Commissioned"]
    assert sorted(set(street.orders())) == sorted((kind, "done") for kind in WAY)
    assert len(street.orders()) == len(WAY)
    assert max(runs.values()) == 1  # no command of the mailbox was carried out twice
    _is_set_up_as_the_inventory_says(street)


def test_a_recruitment_that_fails_says_why_and_another_order_may_succeed():
    with Newcomers(recruit_failures=1.0).running() as street, street.served():
        street.discover()
        wait_until(lambda: ("verify_commissioning", "failed") in street.orders(), seconds=45)
        assert street.stands("installed", "to_commission")
        [failed] = WorkOrder.objects.filter(kind="verify_commissioning")
        assert failed.result_text.startswith("[VERIFY_COMMISSIONING] [TB_ACK_")
        device = street.field.device(street.td.serial_number)
        device.options = replace(device.options, recruit_failures=0.0)
        street.order("commissioning")
        wait_until(lambda: street.stands("commissioned"), seconds=45)


def test_what_may_not_happen_by_itself_waits_for_a_person():
    with Newcomers().running() as street:
        for name in ("associate_automatically", "recruit_automatically"):
            change(street.company, name, "false")
        with street.served():
            street.discover()
            wait_until(lambda: states(street.td)[-1] == "done")
            time.sleep(1)
            assert street.stands("installed", "to_associate")
            row = (street.td.serial_number, street.new.serial, "", "")
            assert associations.associate(street.company, [row], timezone.now()).is_clean
            time.sleep(1)
            assert street.stands("installed", "to_commission")
            assert street.orders() == []
            street.order("commissioning")
            wait_until(lambda: street.stands("commissioned"), seconds=45)


def test_a_decommissioned_meter_has_public_keys_and_is_nobodys():
    with Newcomers().running() as street, street.served():
        street.discover()
        wait_until(lambda: street.stands("commissioned"), seconds=45)
        street.order("decommissioning")
        wait_until(lambda: street.stands("decommissioned"), seconds=30)
        due(street.td, "autodiscovery", ago=0)
        wait_until(lambda: states(street.td)[-1] == "done")
    assert street.told()[2:] == ["Meter Decommissioned", "Meter Disassociated"]
    assert not Association.objects.filter(meter=street.meter, validity__upper_inf=True).exists()
    device = street.field.device(street.td.serial_number)
    assert device.node_keys(street.new).pair == street.new.public_keys[:2]
    assert street.held().entries[street.new.mac.hex()] is None
    assert street.new.mac.hex() in street.held().released
