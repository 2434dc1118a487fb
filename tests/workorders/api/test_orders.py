"""Orders over REST: asked for, looked at, decided about; never across companies."""

import time

import pytest

from devices.parameters import change
from tests.factories.ordered import ago, begun, code, history, serial, state, submit, visit
from tests.factories.visits import visitable
from workorders import orders
from workorders.activities.orders.base import Result
from workorders.models import ProtectedPoint, WorkOrder

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]

ORDERS = "work-orders/"


def order(kind="reading", number=1, **options):
    return {"kind": kind, "meter": serial(number), **options}


def held(td) -> WorkOrder:
    """A disconnection of a protected POD, asked for by ana."""
    ProtectedPoint.objects.create(usage_point_id=submit(td).usage_point_id, reason="hospital")
    return submit(td, "disconnect")


# --- asking ---------------------------------------------------------------------------------------


def test_an_order_is_stored_as_the_callers_own(td, ana):
    status, said = ana.post(ORDERS, {"orders": [order(correlation_id="C-7", outer_id="7")]})
    made = WorkOrder.objects.get()
    assert (status, said["items"]) == (
        201,
        [{"index": 0, "order": made.pk, "state": "queued", "hold_reason": "", "is_repeat": False}],
    )
    assert (made.source, made.requested_by, made.company_id) == ("rest", "ana", td.company_id)
    assert (made.correlation_id, made.is_external) == ("C-7", False)


def test_who_names_an_external_system_asks_for_it(ana):
    ana.post(ORDERS, {"orders": [order(external_system="MDM")]})
    assert WorkOrder.objects.get().is_external


def test_the_same_id_gives_the_same_order_and_refuses_another_content(ana):
    first = ana.post(ORDERS, {"orders": [order(outer_id="7")]})[1]["items"][0]
    status, again = ana.post(ORDERS, {"orders": [order(outer_id="7")]})
    assert (status, again["items"][0]["order"]) == (200, first["order"])
    status, other = ana.post(ORDERS, {"orders": [order(number=2, outer_id="7")]})
    assert (status, other["items"][0]["code"]) == (422, "2.15")
    assert WorkOrder.objects.count() == 1


def test_good_and_bad_orders_of_one_request_are_told_apart(ana):
    status, said = ana.post(ORDERS, {"orders": [order(), order(meter="NOBODY"), order(number=2)]})
    assert (status, [item.get("code") for item in said["items"]]) == (207, [None, "2.4", None])
    assert WorkOrder.objects.count() == 2


def test_a_bundle_has_one_order_for_each_step(ana):
    steps = [{"kind": "reading"}, {"kind": "disconnect"}]
    status, said = ana.post(ORDERS, {"orders": [{"meter": serial(), "steps": steps}]})
    bundle = said["items"][0]["order"]
    assert status == 201
    found = WorkOrder.objects.filter(parent_id=bundle).order_by("step")
    assert [(step.kind, step.requested_by) for step in found] == [
        ("reading", "ana"),
        ("disconnect", "ana"),
    ]


def test_a_mass_of_disconnections_is_held_and_says_why(ana):
    many = [order("disconnect", number) for number in range(1, 12)]
    status, said = ana.post(ORDERS, {"orders": many})
    assert (status, {item["state"] for item in said["items"]}) == (201, {"held"})
    status, page = ana.get(ORDERS, state="held")
    assert len(page["orders"]) == 11
    assert "mass" in page["orders"][0]["hold_reason"]


def test_too_many_orders_are_refused_whole(td, ana):
    change(td.company, "order_max_items", "1")
    status, said = ana.post(ORDERS, {"orders": [order(), order(number=2)]})
    assert (status, {item["code"] for item in said["items"]}) == (422, {"3.1"})


def test_a_preview_tells_and_stores_nothing(td, ana):
    older = submit(td, "disconnect")
    status, said = ana.post(f"{ORDERS}preview/", {"order": order("reconnect")})
    text = f"order {older.pk} (disconnect, queued) of the meter would be replaced"
    assert (status, said) == (200, {"notes": [text]})
    assert WorkOrder.objects.count() == 1


def test_a_thousand_orders_in_one_request(ana):
    many = [order(number=1 + number % 12) for number in range(1000)]
    began = time.monotonic()
    status, said = ana.post(ORDERS, {"orders": many})
    print(f"1,000 orders by REST in {time.monotonic() - began:.2f} s")
    assert (status, len(said["items"])) == (201, 1000)


# --- looking --------------------------------------------------------------------------------------


def test_an_order_tells_its_history(td, ana):
    made, taken, claim = begun(td)
    orders.finish(taken, claim, Result(True, "ok", "OK", breaker=0, values={"finding": "x"}))
    status, said = ana.get(f"{ORDERS}{made.pk}/")
    assert (status, said["state"], said["breaker"]) == (200, "done", 0)
    assert (said["result"], said["meter"], said["pod"]) == ({"finding": "x"}, serial(), "POD101")
    assert [move["cause"] for move in said["history"]] == history(made)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"kind": "reading"}, [0, 1]),
        ({"state": "preempted"}, [2]),
        ({"meter": serial(2)}, [1]),
        ({"pod": "POD101"}, [0, 2, 3]),
        ({"outer_id": "x"}, [1]),
        ({"since": "2999-01-01T00:00:00Z"}, []),
        ({"since": "2000-01-01T00:00:00Z", "kind": "reduce"}, [3]),
        ({"meter": "NOBODY"}, []),
    ],
)
def test_a_list_holds_what_fits_all_filters(td, ana, query, wanted):
    made = [
        submit(td),
        submit(td, number=2, outer_id="x"),
        submit(td, "disconnect"),
        submit(td, "reduce"),
    ]
    status, page = ana.get(ORDERS, **query)
    found = [one["order"] for one in page["orders"]]
    assert (status, found) == (200, [made[n].pk for n in reversed(wanted)])


def test_pages_follow_each_other_without_gap_or_repeat(td, ana):
    made = [submit(td, number=number).pk for number in range(1, 8)]
    found, query = [], {"limit": 3}
    while True:
        page = ana.get(ORDERS, **query)[1]
        found += [one["order"] for one in page["orders"]]
        if page["next"] is None:
            break
        query["before"] = page["next"]
    assert found == made[::-1]


def test_the_kinds_tell_their_parameters(ana, monkeypatch):
    monkeypatch.undo()  # the real ones
    status, said = ana.get("order-kinds/")
    by_kind = {one["kind"]: one for one in said["kinds"]}
    assert status == 200
    assert "`percent` 1 to 100" in by_kind["reduce"]["parameters"]
    assert (by_kind["disconnect"]["is_guarded"], by_kind["reading"]["is_read_back"]) == (1, 0)


# --- deciding -------------------------------------------------------------------------------------


def test_a_waiting_order_is_cancelled_and_a_sent_one_is_not(td, ana):
    sent, waiting = begun(td)[0], submit(td, number=2)
    assert ana.post(f"{ORDERS}{waiting.pk}/cancel/") == (
        200,
        {"order": waiting.pk, "state": "cancelled"},
    )
    assert (state(waiting), code(waiting)) == ("cancelled", "3.31.17.1")
    status, said = ana.post(f"{ORDERS}{sent.pk}/cancel/")
    assert (status, said["code"], state(sent)) == (409, "5.2", "sending")


def test_another_person_approves_and_the_requester_does_not(td, ana, bob):
    order = held(td)
    status, said = ana.post(f"{ORDERS}{order.pk}/approve/", {"reason": "agreed"})
    assert (status, said["code"], state(order)) == (422, "7.5", "held")
    status, said = bob.post(f"{ORDERS}{order.pk}/approve/", {"reason": "agreed"})
    assert (status, said["state"]) == (200, "queued")
    assert WorkOrder.objects.get(pk=order.pk).approved_by == "bob"


def test_a_held_order_is_refused(td, bob):
    order = held(td)
    assert bob.post(f"{ORDERS}{order.pk}/refuse/", {"reason": "no"})[1]["state"] == "cancelled"


def test_what_no_read_could_tell_is_resolved_by_a_person(td, ana):
    order, taken, claim = begun(td)
    orders.lost(taken, claim, "silence")
    body = {"is_done": True, "reason": "seen"}
    assert ana.post(f"{ORDERS}{order.pk}/resolve/", body)[0] == 422
    WorkOrder.objects.filter(pk=order.pk).update(silent_reads=5)
    assert ana.get(f"{ORDERS}{order.pk}/")[1]["waits_for_a_person"] is True
    assert ana.post(f"{ORDERS}{order.pk}/resolve/", body) == (
        200,
        {"order": order.pk, "state": "done"},
    )


# --- another company ------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["", "cancel/", "approve/", "refuse/", "resolve/"])
def test_another_companys_order_does_not_exist(td, ana, eve, act):
    order = submit(td)
    body = {"is_done": True, "reason": "x"} if act == "resolve/" else {}
    ask = eve.post if act else eve.get
    theirs, none = (ask(f"{ORDERS}{pk}/{act}", *[body] * bool(act)) for pk in (order.pk, 2**62))
    assert (theirs[0], theirs[1]["code"]) == (404, "2.15")
    assert str(theirs).replace(str(order.pk), "N") == str(none).replace(str(2**62), "N")
    assert history(order) == ["accepted"]


def test_another_companys_orders_are_not_listed_whatever_is_asked(td, eve):
    order = submit(td, outer_id="7")
    for query in ({}, {"meter": serial()}, {"pod": "POD101"}, {"outer_id": "7"}):
        assert eve.get(ORDERS, **query) == (200, {"orders": [], "next": None})
    assert eve.get(ORDERS, company=order.company.code)[0] == 403


def test_another_companys_meters_and_ids_cannot_be_used_or_guessed(td, ana, eve):
    ana.post(ORDERS, {"orders": [order(outer_id="7")]})
    status, said = eve.post(
        ORDERS, {"orders": [order(outer_id="7"), {"kind": "reading", "pod": "POD101"}]}
    )
    assert (status, [item["code"] for item in said["items"]]) == (422, ["7.5", "2.12"])
    assert eve.post(f"{ORDERS}preview/", {"order": order()})[1]["notes"][0].startswith("[7.5]")
    assert WorkOrder.objects.count() == 1


def test_the_id_of_an_order_is_the_companys_own(td, ana, eve):
    visitable(eve.company, 2, meters=1)  # meter 201
    assert ana.post(ORDERS, {"orders": [order(outer_id="7")]})[0] == 201
    assert eve.post(ORDERS, {"orders": [order(number=101, outer_id="7")]})[0] == 201


def test_visits_take_what_rest_asked_for(td, ana):
    ana.post(ORDERS, {"orders": [{"kind": "wake_up", "concentrator": td.serial_number}]})
    ana.post(ORDERS, {"orders": [order(priority=9, not_before=ago(hours=1).isoformat())]})
    assert orders.take(visit()).kind == "reading"
