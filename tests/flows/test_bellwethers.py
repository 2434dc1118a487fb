"""Bellwethers over real sockets: rules ask meters by orders, a worker process carries these out at
the simulated field, and what meters answer, or do not, confirms an outage, refutes one or ends one.

Losses are told as messages would tell them; the clock, the worker and the field are real.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise

import pytest
from django.utils import timezone

from devices.models import Company, Concentrator, Meter, Transformer
from devices.parameters import change
from devices.simulator.population import Fleet
from devices.simulator.server import RunningField
from devices.simulator.state import NOBODY
from listeners import outage_store
from listeners.models import Interruption, Outage, OutageCheck, OutageStep
from tests.factories.networks import World
from tests.factories.processes import wait_until, workers
from tests.factories.simulated import give_keys, listening, provision
from tests.factories.visits import quick_company
from workorders import invariants
from workorders.models import WorkOrder

pytestmark = pytest.mark.django_db(transaction=True)
METERS, THIRD, PER_ROUND = 6, 2, 3
PAUSE, CAP = 4, 6  # seconds; an order lives as long as the first pause, the second is the cap
SETTINGS = {
    "outage_momentary": 1, "outage_return_delay": 0, "outage_details_after": 12,
    "outage_suspect_share": 30, "outage_transformers": 99, "outage_checks": PER_ROUND,
    "outage_check_pause": PAUSE, "outage_check_pause_cap": CAP, "retry_base": 1, "retry_cap": 1,
}  # fmt: skip
SILENT, ANSWERING, RESTORED, CUT = range(4)  # places, by what is true there
DUTIES = outage_store.hear, outage_store.take, outage_store.look, outage_store.ask


class Grid:
    """A transformer with one concentrator in each place, so that no two are told together."""

    def __init__(self, owner: Company, fleet: Fleet, field: RunningField) -> None:
        self._fleet, self._field = fleet, field
        self._made = provision(owner, fleet, field)
        give_keys(owner, fleet.meters)
        self.world = World(owner, begin=timezone.now())
        substation = self.world.substation()
        for number, td in enumerate(self._made):
            above = Transformer.objects.create(
                company=owner, substation=substation, code=f"TR-{number}"
            )
            Concentrator.objects.filter(pk=td.pk).update(transformer=above, substation=substation)

    def concentrator(self, place: int) -> Concentrator:
        return self._made[place]

    def meters(self, place: int) -> list[Meter]:
        of_place = Meter.objects.filter(associations__concentrator=self._made[place])
        return list(of_place.order_by("serial_number"))

    def darken(self, place: int) -> None:
        """All behind a concentrator that lives on."""
        device = self._field.device(self._made[place].serial_number)
        device.silence(device.concentrator.meters)

    def cut(self, place: int, *, is_dark: bool) -> None:
        """The concentrator itself."""
        device = self._field.device(self._made[place].serial_number)
        device.memory.away[NOBODY] = float("inf") if is_dark else 0.0

    def outages(self, place: int) -> list[tuple[str, str]]:
        """(level, state) of those that did not become part of a larger one."""
        above = Concentrator.objects.get(pk=self._made[place].pk).transformer_id
        found = Outage.objects.filter(transformer_id=above).exclude(state="merged")
        return list(found.values_list("level", "state"))

    def outage(self, place: int) -> Outage:
        above = Concentrator.objects.get(pk=self._made[place].pk).transformer_id
        return Outage.objects.get(level="transformer", node_id=above)

    def findings(self, place: int) -> Counter[str]:
        meters = [meter.pk for meter in self.meters(place)]
        asked = OutageCheck.objects.filter(meter_id__in=meters)
        return Counter(asked.values_list("finding", flat=True))


@pytest.fixture
def grid():
    fleet = Fleet.generate(1, 4, METERS)
    owner = quick_company()
    for name, value in SETTINGS.items():
        change(owner, name, str(value))
    with listening(fleet) as field, workers() as worker:
        made = Grid(owner, fleet, field)
        worker("orders")
        yield made


def until(condition: Callable[[], bool]) -> None:
    """What `hes listen` does about outages is done until the condition holds."""

    def turn() -> bool:
        for duty in DUTIES:
            duty()
        return condition()

    wait_until(turn, seconds=60)


def test_bellwethers_confirm_an_outage_refute_one_and_end_one(grid):
    _losses_are_told(grid)
    until(lambda: grid.outages(RESTORED) == [("transformer", "closed")])
    until(lambda: grid.outages(SILENT) == [("transformer", "open")])
    until(lambda: grid.outages(ANSWERING) == [("meter", "open")] * THIRD)
    until(lambda: grid.findings(CUT)["none"] >= PER_ROUND)
    assert grid.outages(CUT) == [("transformer", "open")]
    grid.cut(CUT, is_dark=False)
    until(lambda: grid.outages(CUT) == [("transformer", "closed")])
    _silence_confirmed_what_a_third_had_told(grid)
    _answers_left_it_at_those_who_told(grid)
    _answers_ended_what_nobody_had_told_the_end_of(grid)
    _nobody_was_asked_again_while_he_was_asked()
    _each_pause_was_longer_than_the_one_before_up_to_the_cap()
    assert invariants.broken() == []


def _losses_are_told(grid: Grid) -> None:
    """Where a third tells of it, it is all in truth, or nobody else; where all do, it is over."""
    grid.darken(SILENT)
    grid.cut(CUT, is_dark=True)
    thirds = [meter for place in (SILENT, ANSWERING) for meter in grid.meters(place)[:THIRD]]
    grid.world.off([*thirds, *grid.meters(RESTORED), grid.concentrator(CUT)], 0)


def _silence_confirmed_what_a_third_had_told(grid: Grid) -> None:
    outage = grid.outage(SILENT)
    assert (outage.state, outage.since) == ("open", grid.world.at(0))
    asked = OutageCheck.objects.filter(finding="silent", outage_id=None)
    silent = set(asked.values_list("meter_id", flat=True))
    later = Interruption.objects.filter(outage=outage, began_at__gt=outage.since)
    assert set(later.values_list("meter_id", flat=True)) == silent
    assert outage.customers == THIRD + len(silent) >= METERS // 2
    assert grid.findings(SILENT)["answered"] == 0


def _answers_left_it_at_those_who_told(grid: Grid) -> None:
    found = grid.findings(ANSWERING)
    assert (found["answered"] > 0, found["silent"]) == (True, 0)
    meters = grid.meters(ANSWERING)
    dark = Interruption.objects.filter(meter_id__in=[meter.pk for meter in meters])
    assert {each.meter_id for each in dark} == {meter.pk for meter in meters[:THIRD]}


def _answers_ended_what_nobody_had_told_the_end_of(grid: Grid) -> None:
    outage = grid.outage(RESTORED)
    assert (outage.restored_by, outage.customers) == ("order", METERS)
    done = WorkOrder.objects.filter(meter__in=grid.meters(RESTORED), state="done")
    assert outage.until == done.latest("ended_at").ended_at
    assert grid.findings(RESTORED)["answered"] == METERS, "each was asked until he answered"
    assert OutageStep.objects.filter(outage=outage, kind="restored").exists()
    assert grid.outage(CUT).restored_by in ("answer", "order")


def _nobody_was_asked_again_while_he_was_asked() -> None:
    orders = WorkOrder.objects.order_by("meter_id", "created_at")
    assert {(order.kind, order.source) for order in orders} == {("outage_check", "rule")}
    again = [(one, two) for one, two in pairwise(orders) if one.meter_id == two.meter_id]
    assert again, "nobody was asked twice"
    assert all(one.ended_at <= two.created_at for one, two in again)


def _each_pause_was_longer_than_the_one_before_up_to_the_cap() -> None:
    asked: dict[int, list[datetime]] = defaultdict(list)
    rounds = OutageCheck.objects.values_list("node_id", "asked_at").distinct()
    for node, at in rounds.order_by("asked_at"):
        asked[node].append(at)
    assert max(map(len, asked.values())) > 2, "two pauses at least were made somewhere"
    for moments in asked.values():
        pauses = [(late - early).total_seconds() for early, late in pairwise(moments)]
        assert all(pause >= PAUSE for pause in pauses[:1]), pauses
        assert all(pause >= CAP for pause in pauses[1:]), pauses
