"""Which concentrators are visited: for their orders alone, by schedule, or not at all."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from devices.choices import ConcentratorState
from devices.models import Concentrator, EndDeviceEvent
from tests.factories import fleets
from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import DONE, accepted, ago, asked, fleet, submit, visit
from tests.factories.visits import due, scheduled
from workorders import effects, lanes, lease, listing, orders, slots, submission, visits
from workorders.activities.orders.base import Result
from workorders.activities.orders.concentrator_synchronisation import ClockStepped
from workorders.activities.orders.concentrator_technical_configuration import (
    ConcentratorConfigured,
)
from workorders.activities.orders.status_word import StatusWordRead
from workorders.models import Lane, Slot, Visit, WorkOrder
from workorders.outcome import Outcome

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]
CONFIGURED = Result(True, "", "OK", effects=(ConcentratorConfigured(),))


@pytest.fixture
def td() -> Concentrator:
    """Installed: at its place, not yet configured."""
    made = fleet()
    become(made, state=ConcentratorState.INSTALLED)
    return made


def become(td: Concentrator, **columns) -> None:
    Concentrator.objects.filter(pk=td.pk).update(**columns)


def wake(td: Concentrator, **options) -> WorkOrder:
    [answer] = submission.submit([awake(td, **options)])
    return accepted(answer)


def awake(td: Concentrator, **options):
    return asked(td, "wake_up", meter=None, concentrator=td.serial_number, **options)


def claims() -> list[int]:
    with transaction.atomic(), connection.cursor() as cursor:
        found = lanes.claim(cursor, lease.register(30.0).worker, 10, orders_only=False)
    return [claim.concentrator for claim in found]


def refusal(request) -> str:
    [answer] = submission.submit([request])
    assert not WorkOrder.objects.exists()
    return str(answer.rejected)


# --- installed concentrators ----------------------------------------------------------------------


def test_an_installed_concentrator_is_visited_for_its_orders_and_never_for_slots(td):
    due(td)
    assert claims() == []
    wake(td)
    [assignment] = visits.begin(lease.register(30.0).worker, 10)
    assert (assignment.claim.concentrator, assignment.slots) == (td.pk, [])
    assert Slot.objects.get().state == "due"


def test_after_its_order_the_lane_rests_though_old_slots_are_due(td):
    due(td)
    order = wake(td)
    [assignment] = visits.begin(lease.register(30.0).worker, 10)
    orders.finish(orders.take(assignment.claim), assignment.claim, DONE)
    visits.finish(assignment, Outcome())
    order.refresh_from_db()
    assert order.state == "done"
    assert Lane.objects.get().next_due is None
    assert visits.begin(lease.register(30.0).worker, 10) == []
    assert Visit.objects.count() == 1


def test_an_order_for_later_keeps_an_installed_concentrator_at_rest(td):
    wake(td, not_before=datetime.now(UTC) + timedelta(hours=1))
    due(td)
    assert visits.begin(lease.register(30.0).worker, 10) == []
    assert Visit.objects.count() == 0


def test_the_first_configuration_initialises_it_and_its_slots_begin_then(td):
    scheduled(td, "load_profile", period=10)
    moment = datetime.now(UTC)
    order = wake(td)
    claim = visit()
    orders.finish(orders.take(claim), claim, CONFIGURED)
    td.refresh_from_db()
    order.refresh_from_db()
    assert (order.state, td.state) == ("done", "initialised")
    assert moment <= td.scheduled_from <= datetime.now(UTC)
    assert slots.plan(datetime.now(UTC)) == 0
    assert slots.plan(datetime.now(UTC) + timedelta(minutes=10)) == 1


def test_an_order_that_was_cancelled_meanwhile_initialises_nobody(td):
    order = wake(td)
    claim = visit()
    taken = orders.take(claim)
    assert submission.cancel(order.pk, "ana")
    orders.finish(taken, claim, CONFIGURED)
    td.refresh_from_db()
    assert td.state == "installed"


def test_a_later_configuration_changes_neither_state_nor_schedule(td):
    since = ago(days=3)
    become(td, state=ConcentratorState.INITIALISED, scheduled_from=since)
    order = wake(td)
    with transaction.atomic(), connection.cursor() as cursor:
        effects.apply(cursor, {order.pk: CONFIGURED})
    td.refresh_from_db()
    assert (td.state, td.scheduled_from) == ("initialised", since)


# --- out of service -------------------------------------------------------------------------------


def test_orders_of_meters_wait_for_the_first_configuration_outside(td):
    assert refusal(asked(td)) == (
        "[5.2] its concentrator is installed: order its technical configuration first"
    )


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"state": ConcentratorState.REMOVED}, "is removed"),
        ({"state": ConcentratorState.PROVISIONED}, "is provisioned"),
        ({"host": ""}, "has no address"),
        (
            {
                "stop_activity": True,
                "stopped_by": "ada",
                "stopped_at": datetime(2026, 11, 28, 9, 30, tzinfo=UTC),
                "stop_reason": "works; to noon",
            },
            "is stopped by ada since 2026-11-28 09:30: works  to noon",
        ),
        ({"stop_activity": True}, "is stopped"),
    ],
)
def test_orders_to_a_concentrator_out_of_service_are_refused_with_the_reason(td, columns, reason):
    become(td, **{"state": ConcentratorState.INITIALISED, **columns})
    told = f"[5.2] concentrator {td.serial_number} {reason}"
    assert refusal(awake(td)) == told
    assert refusal(asked(td)) == told


def test_an_order_that_waits_says_why_and_says_it_again_when_it_expires(td):
    become(td, state=ConcentratorState.INITIALISED)
    order = submit(td, "reading")
    assert "waits because" not in listing.describe(order.pk)
    become(td, stop_activity=True, stopped_by="ada")
    assert claims() == []
    reason = f"concentrator {td.serial_number} is stopped by ada"
    assert f"waits because   {reason}" in listing.describe(order.pk)
    assert orders.expire(datetime.now(UTC) + timedelta(days=2)) == 1
    order.refresh_from_db()
    assert order.result_text == f"expired before it was sent: {reason}"
    assert fleets.lines("HPE")[0].split(";")[7] == order.result_text


# --- other effects --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "text"),
    [(1200.4, "clock was +1200 s from ours, set by order {}"), (None, "clock was set by order {}")],
)
def test_a_step_of_a_clock_by_order_is_an_event(td, was, text):
    order = wake(td)
    with transaction.atomic(), connection.cursor() as cursor:
        effects.apply(cursor, {order.pk: Result(True, "", effects=(ClockStepped(was),))})
    event = EndDeviceEvent.objects.get()
    assert (event.kind, event.text) == ("clock_stepped", text.format(order.pk))


def test_a_status_word_read_by_order_is_the_last_one(td):
    order = wake(td)
    word = bytes.fromhex("04B01E")
    with transaction.atomic(), connection.cursor() as cursor:
        effects.apply(cursor, {order.pk: Result(True, "", effects=(StatusWordRead(word),))})
    assert bytes(td.concentratorstatus.status_word) == word
