"""An order starts at once, however much the one worker there is has to collect."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from devices import recording
from devices.drivers.base import Table, Timeout
from devices.models import Company, Concentrator
from tests.factories.engines import at_work
from tests.factories.field import FakeConcentrator
from tests.factories.order_kinds import activity, kinds  # noqa: F401
from tests.factories.ordered import ago, state, submit
from tests.factories.processes import wait_until
from tests.factories.visits import (
    device,
    due,
    field_of,
    lane,
    quick_company,
    states,
    visitable,
    visits,
)
from workorders import lanes
from workorders.activities.orders.base import Target
from workorders.activities.orders.registry import ACTIVITIES
from workorders.engine import Engine, Options
from workorders.models import Slot, WorkOrder

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


@pytest.fixture
def owner() -> Company:
    return quick_company()


@contextmanager
def running(*pairs: tuple[Concentrator, FakeConcentrator], **options) -> Iterator[None]:
    quick = Options(**{"lease": 5.0, "renew": 0.5, "poll": 0.05, "plans": False, **options})
    with at_work(Engine(field_of(*pairs), quick)):
        yield


class Gate:
    """A device waits here before each batch until it is opened."""

    def __init__(self, field: FakeConcentrator) -> None:
        self.is_open, self.waiting = threading.Event(), threading.Event()
        field.before_batch = self._pass

    async def _pass(self) -> None:
        self.waiting.set()
        while not self.is_open.is_set():
            await asyncio.sleep(0.01)


def ordered(td: Concentrator, kind: str = "wake_up", **options) -> WorkOrder:
    return submit(td, kind, meter=None, concentrator=td.serial_number, **options)


# --- places ---------------------------------------------------------------------------------------


def test_a_full_engine_takes_orders_and_no_more_collections(owner):
    busy, asked, idle = (visitable(owner, number) for number in (1, 2, 3))
    fields = [device(each) for each in (busy, asked, idle)]
    gate = Gate(fields[0])
    due(busy)
    with running(*zip((busy, asked, idle), fields, strict=True), concurrency=1, kept=1):
        assert gate.waiting.wait(10)
        due(asked, ago=0)
        due(idle, ago=0)
        order = ordered(asked)
        wait_until(lambda: state(order) == "done")
        wait_until(lambda: lane(asked).owner_id is None)
        assert (states(busy), states(asked), states(idle)) == (["due"], ["due"], ["due"])
        assert (fields[1].asked, fields[2].opened) == ([], 0)
        gate.is_open.set()
        wait_until(lambda: states(busy) == states(asked) == states(idle) == ["done"])


def test_a_lane_with_a_later_order_takes_no_kept_place_for_its_collection(owner):
    busy, later = visitable(owner, 1), visitable(owner, 2)
    fields = [device(busy), device(later)]
    gate = Gate(fields[0])
    due(busy)
    order = ordered(later, not_before=ago(hours=-1))
    with running((busy, fields[0]), (later, fields[1]), concurrency=1, kept=1):
        assert gate.waiting.wait(10)
        due(later, ago=0)
        told = ordered(later)
        wait_until(lambda: state(told) == "done")
        wait_until(lambda: lane(later).owner_id is None)
        assert (state(order), lane(later).orders_due) == ("queued", order.not_before)
        assert len(visits(later)) == 1
        gate.is_open.set()
        wait_until(lambda: states(later) == ["done"])


# --- recordings of others -------------------------------------------------------------------------


class SlowRecording:
    """The first last batch takes until `go_on`; `recorded` are the concentrators, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go_on, self.begun, self.recorded = threading.Event(), threading.Event(), []
        self._record = recording.record_last
        monkeypatch.setattr(recording, "record_last", self._slowly)

    def _slowly(self, fleet, *arguments):
        self.begun.set()
        assert self.go_on.wait(20)
        self.recorded.append(fleet.id)
        return self._record(fleet, *arguments)


def test_an_order_does_not_wait_behind_the_recordings_of_collections(owner, monkeypatch):
    collected, asked = visitable(owner, 1, meters=1), visitable(owner, 2, meters=1)
    slow = SlowRecording(monkeypatch)
    due(collected)
    with running((collected, device(collected, 1)), (asked, device(asked, 1))):
        assert slow.begun.wait(10)
        order = ordered(asked)
        wait_until(lambda: state(order) == "done")
        wait_until(lambda: [visit.outcome for visit in visits(asked)] == ["done"])
        slow.go_on.set()
        wait_until(lambda: states(collected) == ["done"])


def test_what_a_visit_has_collected_is_recorded_first_when_an_order_waits_for_it(
    owner, monkeypatch
):
    made = [visitable(owner, number, meters=1) for number in range(1, 6)]
    slow = SlowRecording(monkeypatch)
    fields = [device(each, 1) for each in made]
    with running(*zip(made, fields, strict=True)):
        due(made[0])
        assert slow.begun.wait(10)
        for number, each in enumerate(made[1:], start=1):
            due(each, ago=0)
            wait_until(lambda number=number: fields[number].asked)
        order = ordered(made[-1])
        wait_until(lambda: is_told(made[-1]))
        slow.go_on.set()
        wait_until(lambda: state(order) == "done")
        wait_until(lambda: all(states(each) == ["done"] for each in made))
    assert slow.recorded[:5] == [each.pk for each in (made[0], made[4], *made[1:4])]


def is_told(td: Concentrator) -> bool:
    """Whether an order waits on the lane; after some looks more the engine knows it."""
    time.sleep(0.3)
    return td.pk in lanes.called(lane(td).owner_id)


# --- between two requests -------------------------------------------------------------------------


def reads(field: FakeConcentrator) -> int:
    return [table for table, _ in field.asked].count(Table.LOAD_PROFILE)


def test_an_order_goes_before_the_next_request_of_a_long_collection(owner):
    td = visitable(owner, 1)
    field = device(td, finished=20)  # three requests of at most eight cycles
    gate = Gate(field)
    due(td)
    with running((td, field)):
        assert gate.waiting.wait(10)
        order = ordered(td)
        wait_until(lambda: is_told(td))
        seen = noting(field, order)
        gate.is_open.set()
        wait_until(lambda: states(td) == ["done"])
    assert seen == [(1, "queued"), (2, "done"), (3, "done")]
    assert len(visits(td)) == 1


def noting(field: FakeConcentrator, order: WorkOrder) -> list[tuple[int, str]]:
    """(request, state of the order) at the first batch of each request from now on."""
    seen: dict[int, str] = {}
    waits, noted = field.before_batch, []

    async def note() -> None:
        await waits()
        if reads(field) not in seen:
            seen[reads(field)] = await asyncio.to_thread(closed_state, order)
            noted.append((reads(field), seen[reads(field)]))

    field.before_batch = note
    return noted


def closed_state(order: WorkOrder) -> str:
    try:
        return state(order)
    finally:
        connection.close()


def test_an_order_that_breaks_the_line_costs_the_collection_no_attempt(owner, monkeypatch):
    def break_the_line(_):
        raise Timeout("[TB_ACK_191] TIMEOUT")
        yield

    broken = activity("autodiscovery", Target.CONCENTRATOR, steps=break_the_line)
    monkeypatch.setitem(ACTIVITIES, broken.kind, broken)
    td = visitable(owner, 1)
    field = device(td, finished=20)
    gate = Gate(field)
    due(td)
    with running((td, field)):
        assert gate.waiting.wait(10)
        order = ordered(td, broken.kind)
        wait_until(lambda: is_told(td))
        gate.is_open.set()
        wait_until(lambda: states(td) == ["done"])
        wait_until(lambda: lane(td).owner_id is None)
    assert [visit.outcome for visit in visits(td)] == ["timeout", "done"]
    assert Slot.objects.get().attempts == 1
    assert (state(order), reads(field)) == ("queued", 3)
