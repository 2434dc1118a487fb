"""Orders in visits: taken, sent and answered, each by one guarded UPDATE."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from devices.models import Association, Concentrator, MeterInstallation
from devices.recording.fence import LeaseLost
from tests.database import owner_cursor, worker_database
from tests.factories import fleets
from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import (
    DONE,
    FAILED,
    accepted,
    ago,
    asked,
    begun,
    code,
    fleet,
    history,
    kill_workers,
    leave,
    meter,
    read_back,
    ready,
    state,
    submit,
    unknown,
    visit,
)
from tests.factories.visits import lane
from workorders import deeds, orders, submission
from workorders.activities.orders.base import DrawTransaction, Later, NotDone
from workorders.models import Lane, WorkOrder

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


@pytest.fixture
def td() -> Concentrator:
    return fleet()


def test_a_reading_is_taken_and_answered_without_being_sent(td):
    order = submit(td, correlation_id="c-1")
    claim = visit()
    taken = orders.take(claim)
    assert (taken.order, taken.mac, taken.pod) == (order.pk, fleets.mac(101), "POD101")
    assert orders.take(claim) is None
    orders.finish(taken, claim, DONE)
    assert (state(order), history(order)) == ("done", ["accepted", "claimed", "answered"])
    [line] = fleets.lines("HPE")
    assert "c-1" in line


def test_a_command_is_sent_once_and_answered(td):
    order, taken, claim = begun(td)
    assert state(order) == "sending"
    orders.finish(taken, claim, DONE)
    order.refresh_from_db()
    assert (order.state, order.counted, order.attempts) == ("done", True, 1)
    assert order.sent_at is not None
    assert history(order) == ["accepted", "claimed", "begun", "answered"]


def test_a_clean_no_is_a_failure(td):
    order, taken, claim = begun(td)
    orders.finish(taken, claim, FAILED)
    assert (state(order), code(order)) == ("failed", "ko")


def test_the_most_urgent_goes_first_then_the_oldest(td):
    made = [submit(td, priority=priority, number=n) for n, priority in ((1, 4), (2, 9), (3, 4))]
    claim = visit()
    taken = [orders.take(claim).order for _ in made]
    assert taken == [made[1].pk, made[0].pk, made[2].pk]


def test_what_is_given_back_waits_its_pause(td):
    order = submit(td)
    claim = visit()
    orders.give_back(orders.take(claim), claim, "the meter is silent", 60)
    assert (state(order), orders.take(claim)) == ("queued", None)
    ready(order)
    assert orders.take(claim).attempts == 1


def test_a_worker_that_lost_its_lane_changes_nothing(td):
    order, taken, claim = begun(td)
    kill_workers()
    for act in (
        lambda: orders.finish(taken, claim, DONE),
        lambda: orders.lost(taken, claim, ""),
        lambda: orders.give_back(taken, claim, ""),
        lambda: orders.begin_sending(taken, claim),
        lambda: orders.take(claim),
    ):
        with pytest.raises(LeaseLost):
            act()
    assert history(order) == ["accepted", "claimed", "begun"]


def test_sent_orders_of_dead_workers_become_unknown_and_taken_ones_wait_again(td):
    reading = submit(td, number=2, priority=9)
    claim = visit()
    orders.take(claim)
    sent = submit(td, "disconnect")
    taken = orders.take(claim)
    orders.begin_sending(taken, claim)
    assert orders.recover_dead(ago()) == 0
    kill_workers()
    assert orders.recover_dead(ago(seconds=-3600)) == 2
    assert (state(reading), state(sent)) == ("queued", "unknown")
    assert orders.take(visit()).is_unknown


def test_a_clock_ahead_of_the_database_declares_nobody_dead(td):
    begun(td)
    assert orders.recover_dead(ago(days=-1)) == 0


def test_one_command_is_in_flight_per_meter_and_readings_pass_it(td):
    order = unknown(td, "credit_charge")
    WorkOrder.objects.filter(pk=order.pk).update(not_before=ago(hours=-1))
    second, reading = submit(td, "credit_charge"), submit(td)
    claim = visit()
    assert orders.take(claim).order == reading.pk
    assert orders.take(claim) is None
    with pytest.raises(IntegrityError), transaction.atomic():
        WorkOrder.objects.filter(pk=second.pk).update(state="sending")


def test_a_command_that_meets_another_in_flight_waits_its_turn(td):
    unknown(td)
    order = submit(td)
    Lane.objects.update(next_due=ago(seconds=1))
    claim = visit()
    taken = orders.take(claim)
    assert taken.order == order.pk
    assert "in flight" in orders.begin_sending(taken, claim).text
    order.refresh_from_db()
    assert (order.state, order.sent_at) == ("queued", None)
    assert order.not_before > ago()


def test_a_credit_does_not_overtake_one_that_was_sent_and_found_undone(td):
    """With a later transaction in the meter the earlier one could neither arrive nor be found."""
    first = unknown(td, "credit_charge", priority=0)
    taken, claim = read_back(first)
    orders.found(taken, claim, NotDone())
    later = submit(td, "credit_charge", priority=9)
    taken = orders.take(claim)
    assert taken.order == later.pk
    assert "goes first" in orders.begin_sending(taken, claim, transaction_before=0).text
    later.refresh_from_db()
    assert (later.state, later.transaction) == ("queued", None)
    taken = orders.take(claim)
    assert taken.order == first.pk
    assert orders.begin_sending(taken, claim, transaction_before=0) is None


def test_a_concentrator_has_one_command_of_its_own_in_flight(td):
    options = {"meter": None, "concentrator": td.serial_number}
    first, second = submit(td, "wake_up", **options), submit(td, "wake_up", **options)
    claim = visit()
    taken = orders.take(claim)
    orders.begin_sending(taken, claim)
    assert (taken.order, orders.take(claim)) == (first.pk, None)
    orders.finish(taken, claim, DONE)
    assert orders.take(claim).order == second.pk


def test_a_cancelled_order_is_not_sent(td):
    order = submit(td, "disconnect")
    claim = visit()
    taken = orders.take(claim)
    assert submission.cancel(order.pk, "ana")
    stop = orders.begin_sending(taken, claim)
    assert stop.text == "the order is cancelled"
    assert (state(order), code(order)) == ("cancelled", "3.31.17.1")
    orders.finish(taken, claim, DONE)
    assert state(order) == "cancelled"
    assert len(fleets.lines("HPE")) == 1


def test_a_sent_order_is_not_cancelled(td):
    order, *_ = begun(td)
    assert submission.cancel(order.pk, "ana") is False
    assert state(order) == "sending"


def test_of_cancel_and_begin_at_once_exactly_one_wins(td):
    for number in (1, 2, 3):
        order = submit(td, "disconnect", number)
        claim = visit()
        taken = orders.take(claim)
        cancelled: list[bool] = []

        def cancel(order=order, cancelled=cancelled):
            cancelled.append(submission.cancel(order.pk, "ana"))
            connection.close()

        thread = threading.Thread(target=cancel)
        thread.start()
        sent = orders.begin_sending(taken, claim) is None
        thread.join(20)
        assert sent != cancelled[0]
        assert state(order) == ("sending" if sent else "cancelled")
        if sent:
            orders.finish(taken, claim, DONE)
        leave(claim)


def test_an_expired_order_is_not_sent(td):
    order = submit(td, "disconnect")
    claim = visit()
    taken = orders.take(claim)
    WorkOrder.objects.update(expires_at=ago(seconds=1))
    assert "expired" in orders.begin_sending(taken, claim).text
    assert (state(order), code(order)) == ("expired", "disconnect.ko")


def test_waiting_orders_expire(td):
    order, held = submit(td), submit(td, number=2)
    WorkOrder.objects.filter(pk=held.pk).update(state="held")
    assert orders.expire(ago()) == 0
    assert orders.expire(ago(hours=-25)) == 2
    assert [state(order), state(held)] == ["expired"] * 2
    assert len(fleets.lines("HPE")) == 2


def test_an_order_replaced_while_taken_is_not_sent(td):
    order = submit(td, "disconnect")
    claim = visit()
    taken = orders.take(claim)
    submit(td, "reconnect")
    assert orders.begin_sending(taken, claim).text == "the order is preempted"
    assert state(order) == "preempted"


def test_an_order_found_undone_gives_way_to_the_newer_one(td):
    order = unknown(td, "reconnect")
    newer = submit(td, "disconnect")
    taken, claim = read_back(order)
    orders.found(taken, claim, NotDone())
    again = orders.take(claim)
    assert again.order == order.pk
    assert orders.begin_sending(again, claim).text == "replaced by a newer order"
    assert (state(order), orders.take(claim).order) == ("preempted", newer.pk)


def test_a_reconnection_closes_an_unknown_disconnection(td):
    order = unknown(td, "disconnect")
    reconnect = submit(td, "reconnect")
    assert (state(order), code(order)) == ("preempted", "3.31.17.41")
    order.refresh_from_db()
    assert "outcome unknown" in order.result_text
    claim = visit()
    taken = orders.take(claim)
    assert taken.order == reconnect.pk
    assert orders.begin_sending(taken, claim) is None


def test_a_disconnection_waits_for_an_unknown_reconnection(td):
    order = unknown(td, "reconnect")
    submit(td, "disconnect")
    assert state(order) == "unknown"
    assert lane(td).next_due > ago()
    Lane.objects.update(next_due=ago(seconds=1))
    assert orders.take(visit()) is None


@pytest.mark.parametrize("link", [MeterInstallation, Association])
def test_a_meter_that_is_elsewhere_now_gets_no_command(td, link):
    order = submit(td, "disconnect")
    claim = visit()
    taken = orders.take(claim)
    link.objects.filter(meter=meter()).delete()
    assert "no longer" in orders.begin_sending(taken, claim).text
    assert state(order) == "failed"


def test_a_credit_draws_its_transaction_once(td):
    order, taken, claim = begun(td, "credit_charge")
    order.refresh_from_db()
    first = order.transaction
    assert first > 0
    orders.lost(taken, claim, "time-out")
    leave(claim)
    taken, claim = read_back(order)
    assert taken.transaction == first
    orders.found(taken, claim, NotDone())
    again = orders.take(claim)
    assert orders.begin_sending(again, claim, transaction_before=7) is None
    assert deeds.do(again, claim, DrawTransaction()) == first
    order.refresh_from_db()
    assert (order.transaction, order.transaction_before) == (first, 7)


def test_kinds_that_are_left_out_of_a_visit_are_taken_in_another(td):
    long, quick = submit(td, "commissioning", priority=9), submit(td, "reading")
    claim = visit()
    assert orders.take(claim, ["commissioning"]).order == quick.pk
    assert orders.take(claim, ["commissioning"]) is None
    assert orders.take(claim).order == long.pk


@pytest.mark.parametrize("is_sent", [False, True])
def test_an_order_that_goes_on_later_is_queued_again_and_loses_no_attempt(td, is_sent):
    order = submit(td, "commissioning")
    claim = visit()
    taken = orders.take(claim)
    if is_sent:
        orders.begin_sending(taken, claim)
    orders.continue_later(taken, claim, Later(300, "the meter is being recruited"))
    order.refresh_from_db()
    assert (order.state, order.attempts, order.ended_at) == ("queued", int(is_sent), None)
    assert order.not_before > datetime.now(UTC) + timedelta(seconds=200)
    assert orders.take(claim) is None


def test_the_claim_is_as_quick_with_a_hundred_thousand_orders(td):
    """The queue's index gives the order: nothing is sorted, one row is read."""
    shown = {}
    for count in (10_000, 90_000):
        _fill(td, count)
        with owner_cursor(worker_database()) as owner:
            owner.execute("VACUUM ANALYZE work_order")  # as autovacuum would; not ours to do
        with connection.cursor() as cursor:
            cursor.execute(
                "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + orders._FIND_QUEUED,
                {"lane": td.pk, "harmless": ["reading"], "without": []},
            )
            plan = cursor.fetchone()[0][0]
        shown[count] = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
        assert "work_order_queue" in str(plan)
        assert "'Node Type': 'Sort'" not in str(plan)
    print("blocks read per claim:", shown)
    assert shown[90_000] <= shown[10_000] + 10


def _fill(td: Concentrator, count: int) -> None:
    accepted(submission.submit([asked(td)])[0])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO work_order (idempotency_key, body_hash, company_id, kind, concentrator_id,"
            " meter_id, parameters, result, priority, expires_at, source, requested_by, created_at,"
            " changed_at, state) SELECT gen_random_uuid(), '', %s, 'reading', %s, %s, '{}', '{}',"
            " n %% 10, now() + interval '1 day', 'cli', 'ana', now(), now(), 'queued'"
            " FROM generate_series(1, %s) n",
            [td.company_id, td.pk, meter().pk, count],
        )


def test_lanes_of_dead_workers_are_told_of_their_orders(td):
    begun(td)
    kill_workers()
    Lane.objects.update(next_due=None, best_priority=0)
    orders.recover_dead(ago())
    assert lane(td).next_due is not None
    assert lane(td).best_priority == 5
