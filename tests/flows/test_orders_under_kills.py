"""Breakers and credits while workers die or freeze and answers are lost: nothing is done twice.

Real worker processes, harmed at random; the simulated meters count what they carry out by order.
"""

import random
import signal
import time
from collections import Counter

import pytest

from devices.models import Company
from devices.parameters import change
from devices.simulator.faults import changes
from devices.simulator.population import Fleet
from tests.factories.processes import wait_until, workers
from tests.factories.simulated import give_keys, listening, provision
from tests.factories.visits import quick_company
from workorders import invariants, submission
from workorders.models import OrderEvent, WorkOrder
from workorders.requests import Request
from workorders.states import FINAL

pytestmark = pytest.mark.django_db(transaction=True)
LEASE = 2.0  # seconds, of the workers that tests start
PATIENCE = {"order_read_back": "1", "order_attempts": "50"}
AMOUNTS = (100, 250, -30)
CAPS = (
    "cap_user_hour", "cap_user_day", "cap_company_hour_floor", "cap_company_day_floor",
    "cap_concentrator_floor",
)  # fmt: skip


def _requests(company: Company, serial: str, *, ends_closed: bool) -> list[Request]:
    def ask(kind: str, **parameters: int) -> Request:
        return Request(
            kind, company.pk, meter=serial, parameters=parameters, requested_by="ada", priority=9
        )

    credits = [ask("credit_charge", amount=amount) for amount in AMOUNTS]
    movers = [ask("disconnect"), *([ask("reconnect")] if ends_closed else [])]
    return [*credits, *movers]


def _open() -> int:
    return WorkOrder.objects.exclude(state__in=FINAL).count()


def _kill(running, worker, dice):
    """One dies, a new one begins."""
    time.sleep(dice.uniform(0.8, 1.6))
    victim = running.pop(0)
    victim.kill()
    victim.wait()
    running.append(worker("orders"))


def _freeze(running, worker, dice):
    """One stands still past its lease, anywhere, and then goes on as if nothing had been."""
    time.sleep(dice.uniform(0.3, 0.9))
    victim = running.pop(0)
    victim.send_signal(signal.SIGSTOP)
    time.sleep(LEASE + dice.uniform(0.5, 1.5))
    victim.send_signal(signal.SIGCONT)
    running.append(victim)


@pytest.mark.parametrize(("harm", "times"), [(_kill, 8), (_freeze, 5)])
def test_workers_harmed_at_random_execute_no_order_twice_and_every_balance_is_right(harm, times):
    dice = random.Random(5)  # noqa: S311 - a repeatable course
    fleet = Fleet.generate(1, 4, 5)
    company = quick_company("America/Santiago")
    for name in CAPS:
        change(company, name, "10000")
    for name, value in PATIENCE.items():
        change(company, name, value)
    faults = {
        each.serial: [changes.LoseAnswer(times=0.15), changes.DropChange(times=0.15)]
        for each in fleet.concentrators
    }
    with listening(fleet, faults) as field, workers() as worker:
        provision(company, fleet, field)
        give_keys(company, fleet.meters)
        meters = list(fleet.meters)
        before = {meter.serial: field.holdings.meter(meter).credit for meter in meters}
        running = [worker("orders"), worker("orders")]
        for number, meter in enumerate(meters):
            wanted = _requests(company, meter.serial, ends_closed=number % 2 == 0)
            assert not [one.rejected for one in submission.submit(wanted) if one.rejected]
        for _ in range(times):
            harm(running, worker, dice)
        wait_until(lambda: _open() == 0, seconds=60)
    done = Counter(WorkOrder.objects.values_list("state", flat=True))
    assert done["failed"] == 0, done
    for number, meter in enumerate(meters):
        held = field.holdings.meter(meter)
        carried_out = [sum(counts.values()) for counts in held.executions.values()]
        assert max(carried_out) == 1, held.executions
        charged = WorkOrder.objects.filter(
            meter__serial_number=meter.serial, kind="credit_charge", state="done"
        )
        total = sum(order.parameters["amount"] for order in charged)
        assert held.credit == before[meter.serial] + total
        assert set(held.charges.values()) == {1}
        assert held.control == (1 if number % 2 == 0 else 0)
    assert OrderEvent.objects.filter(state="unknown").count() > 5, "answers were lost"
    assert invariants.broken() == []
