"""What was done at the meter is reported once, ends what it answers, and is not done again."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from devices.models import Association, AuditRow, Concentrator, Meter
from tests.factories import fleets
from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import ago, begun, code, fleet, history, meter, serial, state, submit
from tests.factories.ordered import visit as next_visit
from workorders import invariants, local_results, orders, submission
from workorders.activities.orders.base import NotDone, Result
from workorders.local_reports import LocalReport
from workorders.models import ProtectedPoint, WorkOrder
from workorders.submission import Request

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


@pytest.fixture
def td() -> Concentrator:
    return fleet()


@pytest.fixture(autouse=True)
def _invariants_hold():
    yield
    assert [(one.invariant.name, one.examples) for one in invariants.broken()] == []


def report(td, **options):
    """The answer to one report; by default of a new disconnection by the app's user zoe."""
    new = {} if "order" in options else {"outer_id": "app-1"}
    facts = {"executed_by": "zoe", "executed_at": datetime.now(UTC), "is_done": True, **new}
    said = LocalReport(td.company_id, "ana", **{**facts, **options})
    [answer] = local_results.record([said])
    return answer


def new(td, kind="disconnect", **options):
    return report(td, kind=kind, meter=serial(), **options)


def refusal(answer) -> str:
    assert answer.rejected is not None
    return answer.rejected.code


def test_a_new_report_is_stored_as_an_order_that_has_ended(td):
    moment = ago(hours=2)
    answer = new(td, executed_at=moment, correlation_id="C-7")
    order = WorkOrder.objects.get(pk=answer.order_id)
    assert (order.state, order.source, order.requested_by) == ("done", "local", "ana")
    assert (order.executed_by, order.executed_at, order.breaker) == ("zoe", moment, 0)
    assert history(order) == ["accepted", "executed locally"]
    assert meter().breaker_state == 0
    [line] = fleets.lines("HPE")
    assert ";disconnect.ok;" in line
    assert ";C-7;0;OK - executed locally by zoe at " in line
    assert line.endswith(";FALSE;0")


def test_a_failed_one_says_why_and_moves_no_breaker(td):
    answer = new(td, is_done=False, reason="DOOR LOCKED")
    order = WorkOrder.objects.get(pk=answer.order_id)
    assert (order.state, order.result_code, order.breaker) == ("failed", "disconnect.ko", None)
    assert order.result_text.startswith("[DISCONNECT] DOOR LOCKED - executed locally by zoe at ")
    assert meter().breaker_state == 100


def test_the_same_report_twice_is_one_order_and_one_line(td):
    moment = ago(minutes=1)
    first, again = new(td, executed_at=moment), new(td, executed_at=moment)
    assert (again.order_id, again.is_repeat) == (first.order_id, True)
    assert len(fleets.lines("HPE")) == 1


@pytest.mark.parametrize(
    "other", [{"executed_by": "max"}, {"is_done": False}, {"breaker": 50}, {"kind": "reduce"}]
)
def test_the_same_id_with_another_content_is_refused(td, other):
    moment = ago(minutes=1)
    new(td, executed_at=moment)
    assert refusal(new(td, **{"executed_at": moment, **other})) in {"2.15", "2.29"}
    assert WorkOrder.objects.count() == 1


@pytest.mark.parametrize("by", ["order", "outer_id"])
def test_a_queued_order_ends_and_is_not_sent_any_more(td, by):
    order = submit(td, "credit_charge", outer_id="MDM-1", correlation_id="C-9")
    answer = report(td, **({"order": order.pk} if by == "order" else {"outer_id": "MDM-1"}))
    assert (answer.order_id, state(order), code(order)) == (order.pk, "done", "credit_charge.ok")
    assert orders.take(next_visit()) is None
    assert ";C-9;" in fleets.lines("HPE")[0]


def test_a_held_order_ends_so_that_nobody_releases_it_to_be_done_again(td):
    point = submit(td).usage_point_id
    ProtectedPoint.objects.create(usage_point_id=point, reason="hospital")
    order = submit(td, "disconnect")
    report(td, order=order.pk)
    assert history(order) == ["accepted", "executed locally"]


def test_an_order_in_a_visit_ends_and_its_sending_is_stopped(td):
    order = submit(td, "disconnect")
    claim = next_visit()
    taken = orders.take(claim)
    report(td, order=order.pk)
    assert isinstance(orders.begin_sending(taken, claim), orders.Stop)
    assert history(order) == ["accepted", "claimed", "executed locally"]


def test_what_is_being_sent_is_refused_and_stays_as_it_is(td):
    order, _, _ = begun(td)
    assert refusal(report(td, order=order.pk)) == "5.2"
    assert state(order) == "sending"


def test_an_unknown_order_is_read_back_before_a_report_may_end_it(td):
    order, taken, claim = begun(td)
    orders.lost(taken, claim, "silence")
    assert "read back" in report(td, order=order.pk).rejected.text
    WorkOrder.objects.filter(pk=order.pk).update(silent_reads=5)
    assert refusal(report(td, order=order.pk, is_done=False)) == "5.2"
    assert report(td, order=order.pk).rejected is None
    assert state(order) == "done"


def test_an_unknown_credit_is_never_ended_by_a_report(td):
    order, taken, claim = begun(td, "credit_charge")
    orders.lost(taken, claim, "silence")
    WorkOrder.objects.filter(pk=order.pk).update(silent_reads=5)
    answer = report(td, order=order.pk)
    assert "resolved" in answer.rejected.text
    assert state(order) == "unknown"


def test_an_order_that_has_ended_keeps_its_outcome(td):
    order, taken, claim = begun(td)
    orders.finish(taken, claim, Result(True, "ok", "OK"))
    answer = report(td, order=order.pk)
    assert (refusal(answer), state(order)) == ("2.15", "done")
    assert "outer_id of its own" in answer.rejected.text


def test_a_reconnection_at_the_meter_overtakes_an_older_disconnection(td):
    waiting = submit(td, "disconnect")
    new(td, "reconnect")
    assert (state(waiting), code(waiting)) == ("preempted", "3.31.17.41")


def test_it_overtakes_one_of_unknown_outcome_too(td):
    order, taken, claim = begun(td)
    orders.lost(taken, claim, "silence")
    new(td, "reconnect")
    assert state(order) == "preempted"


def test_it_overtakes_one_that_was_being_sent_and_is_found_undone(td):
    order, taken, claim = begun(td)
    new(td, "reconnect")
    orders.lost(taken, claim, "silence")
    orders.found(taken, claim, NotDone())
    assert isinstance(orders.begin_sending(orders.take(claim), claim), orders.Stop)
    assert state(order) == "preempted"


def test_a_late_report_overtakes_nothing_that_was_ordered_after_it(td):
    order = submit(td, "disconnect")
    new(td, "reconnect", executed_at=ago(hours=3))
    claim = next_visit()
    assert not isinstance(orders.begin_sending(orders.take(claim), claim), orders.Stop)
    assert state(order) == "sending"


def test_a_disconnection_at_the_meter_never_takes_a_reconnection_back(td):
    order = submit(td, "reconnect")
    new(td, "disconnect")
    claim = next_visit()
    assert not isinstance(orders.begin_sending(orders.take(claim), claim), orders.Stop)
    assert state(order) == "sending"


def test_a_late_report_does_not_cover_a_newer_breaker_state(td):
    order, taken, claim = begun(td, "reconnect")
    orders.finish(taken, claim, Result(True, "ok", "OK", breaker=100))
    new(td, "disconnect", executed_at=ago(hours=3))
    assert (state(order), meter().breaker_state) == ("done", 100)


def test_a_meter_that_no_concentrator_reaches_is_reported_all_the_same(td):
    Association.objects.all().delete()
    Meter.objects.update(state="installed")
    assert new(td).rejected is None


def test_a_step_ends_its_bundle(td):
    steps = (Request("disconnect", td.company_id),)
    bundle = Request("", td.company_id, meter=serial(), requested_by="ana", steps=steps)
    [answer] = submission.submit([bundle])
    assert refusal(report(td, order=answer.order_id)) == "2.9"
    report(td, order=WorkOrder.objects.get(parent_id=answer.order_id).pk)
    assert state(answer.order_id) == "done"


@pytest.mark.parametrize(
    ("wanted", "options"),
    [
        ("1.6", {"outer_id": ""}),
        ("6.1", {"executed_at": datetime.now(UTC) + timedelta(hours=1)}),
        ("6.1", {"executed_at": datetime.now(UTC) - timedelta(days=40)}),
        ("5.8", {"breaker": 101}),
        ("5.8", {"executed_by": "zoe;max"}),
        ("5.8", {"reason": "a\nb"}),
        ("2.4", {"meter": "NOBODY"}),
        ("2.13", {"pod": "POD102"}),
        ("2.9", {"kind": "dance"}),
        ("2.9", {"kind": "commissioning"}),
        ("1.6", {"parameters": {"bad": 1}}),
        ("2.15", {"order": 99}),
    ],
)
def test_wrong_reports_are_refused_with_their_code(td, wanted, options):
    facts = {"kind": "disconnect", "meter": serial(), **options}
    assert refusal(report(td, **facts)) == wanted
    assert not WorkOrder.objects.exists()


def test_an_order_made_after_the_execution_is_not_what_was_executed(td):
    order = submit(td, "disconnect")
    assert refusal(report(td, order=order.pk, executed_at=ago(hours=1))) == "6.1"
    assert state(order) == "queued"


def test_another_companys_order_and_id_do_not_exist(td):
    order = submit(td, "disconnect", outer_id="7")
    other = fleets.company(code="other")
    facts = {"executed_by": "eve", "executed_at": datetime.now(UTC), "is_done": True}
    for named in ({"order": order.pk}, {"outer_id": "7", "kind": "disconnect", "meter": serial()}):
        [answer] = local_results.record([LocalReport(other.pk, "eve", **facts, **named)])
        assert refusal(answer) in {"2.15", "7.5"}
    assert state(order) == "queued"


def test_reports_and_their_refusals_stand_in_the_audit(td):
    order = new(td).order_id
    report(td, kind="disconnect", meter="NOBODY", outer_id="app-2")
    rows = (
        AuditRow.objects.filter(act__startswith="order.")
        .order_by("id")
        .values_list("act", "who", "code", "target")
    )
    assert list(rows) == [
        ("order.submit", "ana", "", f"disconnect {serial()}"),
        ("order.local", "ana", "", f"order {order}"),
        ("order.local", "ana", "2.4", "disconnect NOBODY"),
    ]


# --- the command ----------------------------------------------------------------------------------


def test_a_file_is_stored_row_by_row_and_refusals_name_their_line(td, tmp_path, capsys):
    moment = datetime.now(UTC).isoformat()
    file = tmp_path / "done.csv"
    file.write_text(
        "outer_id;kind;meter;executed_by;executed_at;result;percent\n"
        f"a;disconnect;{serial(1)};zoe;{moment};done;\n"
        f"b;reduce;{serial(2)};zoe;{moment};done;40\n"
        f"c;disconnect;NOBODY;zoe;{moment};done;\n"
        f"d;disconnect;{serial(3)};zoe;2026-11-28 10:00;done;\n"
        f"e;disconnect;{serial(3)};zoe;{moment};perhaps;\n"
    )
    for _ in range(2):
        with pytest.raises(CommandError, match="3 refused"):
            call_command("local_result", "import", str(file), "--as", "ana")
        said = capsys.readouterr().out
        assert "2 of 5 results stored" in said
    assert [line.split(":")[0] for line in said.splitlines()[:3]] == ["line 4", "line 5", "line 6"]
    assert "line 4: refused [2.4]" in said
    assert "with offset" in said
    assert "write done or failed" in said
    assert WorkOrder.objects.count() == 2
    assert meter(2).breaker_state == 40


@pytest.mark.parametrize("content", [b"kind;meter\n", b"executed_by;executed_at;result\n\xff\n"])
def test_a_file_that_cannot_be_read_is_named(td, tmp_path, content):
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    with pytest.raises(CommandError, match=r"bad\.csv"):
        call_command("local_result", "import", str(file), "--as", "ana")
