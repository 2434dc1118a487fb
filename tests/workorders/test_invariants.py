"""Every invariant holds for orders that the machine moved, and finds what a hand has broken."""

from contextlib import contextmanager
from importlib import import_module
from io import StringIO
from pkgutil import iter_modules

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from devices.models import AuditRow, Concentrator
from tests.database import owner_cursor, worker_database
from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import (
    DONE,
    FAILED,
    accepted,
    ago,
    asked,
    begun,
    fleet,
    leave,
    submit,
    visit,
)
from workorders import freeze, invariants, migrations, orders, submission
from workorders.models import WorkOrder
from workorders.requests import Request

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kinds")]


@pytest.fixture
def td() -> Concentrator:
    return fleet()


def by_hand(statement: str, **values) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement, values)


def queued(td) -> int:
    return submit(td).pk


def credit(td) -> int:
    submit(td, "credit_charge", number=2)
    return submit(td, "credit_charge").pk


def sending(td) -> int:
    return begun(td)[0].pk


def sending_before_a_freeze(td) -> int:
    order = sending(td)
    freeze.on(None, "ana", "storm")
    return order


def done(td) -> int:
    order, taken, claim = begun(td, correlation_id="c-1")
    orders.finish(taken, claim, DONE)
    leave(claim)
    return order.pk


def unknown(td) -> int:
    order, taken, claim = begun(td)
    orders.lost(taken, claim, "time-out")
    leave(claim)
    return order.pk


def bundle(td) -> int:
    steps = tuple(Request("reading", td.company_id) for _ in range(2))
    return accepted(submission.submit([asked(td, "", steps=steps)])[0]).pk


def last_step(td) -> int:
    return WorkOrder.objects.get(parent=bundle(td), step=2).pk


def last_step_of_a_bundle_begun(td) -> int:
    order = last_step(td)
    claim = visit()
    orders.finish(orders.take(claim), claim, DONE)
    orders.take(claim)
    return order


def two_calls(td) -> int:
    submit(td)
    return submit(td).pk


def two_of_a_call(td) -> int:
    return accepted(submission.submit([asked(td), asked(td, number=2)])[0]).pk


def cancelled(td) -> int:
    order = submit(td).pk
    submission.cancel(order, "bob", "no longer wanted")
    return order


def event(cause: str, state: str, who: str = "eve") -> str:
    return (
        "INSERT INTO order_event (order_id, cause, state, who) "
        f"VALUES (%(order)s, '{cause}', '{state}', '{who}'); "
    )


def order_set(assignment: str) -> str:
    return f"UPDATE work_order SET {assignment} WHERE id = %(order)s; "


FROZEN_EARLIER = "UPDATE \"freeze\" SET begun_at = now() - interval '1 h'"
SENT_AGAIN = event("begun", "sending")
BROKEN = [
    ("I1 body", queued, order_set("body_hash = ''"), "no hash"),
    ("I3 unknown", unknown, "UPDATE lane SET owner_id = NULL, next_due = NULL", "no visit is due"),
    ("I3 credit", credit, "UPDATE work_order SET transaction = 7", "7 is drawn twice"),
    ("I3 credit", credit, order_set("sent_at = now()"), "without a transaction"),
    ("I4 sent", sending, order_set("expires_at = now() - interval '1 h'"), "after its expiry"),
    ("I4 sent", done, SENT_AGAIN, "after its end"),
    ("I4 sent", sending, event("held back", "held") + SENT_AGAIN, "while held"),
    ("I4 sent", sending, event("approved", "queued", "ana"), "approved by its requester"),
    ("I4 sent", sending_before_a_freeze, FROZEN_EARLIER, "while frozen"),
    ("I5 end", done, event("answered", "done"), "2 final events"),
    ("I5 end", done, order_set("result_text = ''"), "without a result"),
    ("I5 line", done, order_set("result_code = ''"), "1 HPE lines"),
    ("I5 line", done, order_set("correlation_id = 'c-2'"), "another correlation id"),
    ("I5 in time", queued, order_set("expires_at = now() - interval '6 minutes'"), "still queued"),
    ("state", sending, order_set("state = 'queued'"), "last event says sending"),
    ("moves", queued, event("answered", "done"), "queued, by answered: done"),
    ("moves", done, event("silent", "unknown"), "done, by silent: unknown"),
    ("steps", last_step, event("claimed", "leased"), "step 2 was taken too early"),
    (
        "steps",
        last_step_of_a_bundle_begun,
        "UPDATE work_order SET state = 'failed' WHERE step = 1",
        "step 2 was taken too early",
    ),
    ("I11 call", queued, order_set("audit_id = NULL"), "no audit row tells who made it"),
    ("I11 call", two_calls, order_set("audit_id = audit_id - 1"), "is not of it"),
    (
        "I11 list",
        two_of_a_call,
        "UPDATE work_order SET audit_id = 0 WHERE id > %(order)s",
        "1 orders of 2",
    ),
    ("I11 list", queued, order_set("body_hash = repeat('a', 64)"), "another request than in"),
    ("I11 decision", cancelled, event("approved", "queued"), "no audit row: approved by eve"),
    ("bundles", bundle, order_set("state = 'done', ended_at = now()"), "the bundle is done"),
]


@pytest.mark.parametrize(("name", "made", "statement", "why"), BROKEN)
def test_what_a_hand_breaks_is_found_with_its_order_and_reason(td, name, made, statement, why):
    order = made(td)
    assert _why(name, order) == ""
    by_hand(statement, order=order)
    assert why in _why(name, order)


def _why(name: str, order: int) -> str:
    found = {one.invariant.name: one for one in invariants.check()}[name]
    assert found.checked > 0
    return dict(found.examples).get(order, "")


@contextmanager
def no_index_of_orders_in_flight():
    """As after a repair gone wrong; only the owner of the table can do it."""
    with owner_cursor(worker_database()) as owner:
        owner.execute("SELECT pg_get_indexdef('work_order_in_flight'::regclass)")
        (index,) = owner.fetchone()
        owner.execute("DROP INDEX work_order_in_flight")
        try:
            yield
        finally:
            WorkOrder.objects.update(state="queued")
            owner.execute(index)


@pytest.mark.django_db(transaction=True)
def test_two_commands_of_a_meter_in_flight_are_found(td):
    first, second = sending(td), submit(td, "credit_charge").pk
    assert _why("in flight", first) == ""
    with no_index_of_orders_in_flight():
        by_hand(order_set("state = 'sending'"), order=second)
        assert "in flight" in _why("in flight", first)
        assert "in flight" in _why("in flight", second)


def test_every_invariant_holds_for_what_the_machine_has_moved(td):
    done(td)
    unknown(td)
    _, taken, claim = begun(td, "reconnect", number=3)
    orders.finish(taken, claim, FAILED)
    leave(claim)
    last_step_of_a_bundle_begun(td)
    credit(td)
    submission.cancel(submit(td, number=3).pk, "ana")
    held = submit(td, "credit_charge", 3, parameters={"amount": 600_000}).pk
    submission.approve(held, "bob", True, "agreed")
    assert invariants.broken() == []


def test_every_invariant_is_broken_by_some_hand():
    tried = {name for name, *_ in BROKEN} | {"in flight"}
    assert tried == {invariant.name for invariant in invariants.INVARIANTS}


def test_orders_from_before_the_audit_get_a_row_that_says_so(td):
    submission.submit([asked(td), asked(td, number=2)])
    by_hand("UPDATE work_order SET audit_id = NULL")
    assert [one.invariant.name for one in invariants.broken()] == ["I11 call"]
    by_hand(_migration("calendar_pace_and_audit_of_orders").BEFORE)
    assert invariants.broken() == []
    assert AuditRow.objects.latest("id").text == "made before the audit"


def _migration(name: str):
    """By its name alone: numbers change when branches meet."""
    [found] = [m.name for m in iter_modules(migrations.__path__) if m.name[5:] == name]
    return import_module(f"{migrations.__name__}.{found}")


def test_the_first_twenty_are_shown_and_all_are_counted(td):
    submission.submit([asked(td) for _ in range(25)])
    by_hand("UPDATE work_order SET body_hash = ''")
    found = invariants.broken(td.company_id)[0]
    assert (found.broken, len(found.examples)) == (25, 20)
    assert invariants.broken(td.company_id + 1) == []


def test_what_ended_days_ago_is_no_longer_looked_at(td):
    order = done(td)
    WorkOrder.objects.filter(pk=order).update(ended_at=ago(days=3), body_hash="")
    assert invariants.broken() == []


def verified(*arguments: str) -> str:
    out = StringIO()
    call_command("verify", *arguments, stdout=out)
    return out.getvalue().strip()


def test_the_command_prints_a_table_and_lists_what_waits_for_a_person(td):
    order = unknown(td)
    WorkOrder.objects.update(silent_reads=5)
    lines = verified("--company", td.company.code).splitlines()
    assert lines[0].split() == ["INVARIANT", "CHECKED", "BROKEN", "MEANING"]
    assert len([line for line in lines if " 0  " in line]) >= len(invariants.INVARIANTS)
    assert lines[-1].split()[:4] == [str(order), "disconnect", "is", "UNKNOWN"]


def test_the_command_fails_naming_what_is_broken(td):
    order = queued(td)
    by_hand(order_set("body_hash = ''"), order=order)
    out = StringIO()
    with pytest.raises(CommandError, match="broken: I1 body"):
        call_command("verify", stdout=out)
    told = [line.split(maxsplit=3) for line in out.getvalue().splitlines()]
    assert ["I1", "body", str(order), "no hash of its request"] in told
