"""What is asked for becomes orders, or is refused with the code of the documents."""

import time

import pytest

from devices.choices import MeterState
from devices.models import Concentrator, Meter
from devices.parameters import change
from tests.factories import fleets
from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import (
    accepted,
    ago,
    asked,
    code,
    fleet,
    history,
    meter,
    serial,
    state,
    submit,
)
from tests.factories.visits import lane
from workorders import submission
from workorders.models import ProtectedPoint, WorkOrder
from workorders.submission import Request

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


@pytest.fixture
def td() -> Concentrator:
    return fleet(meters=12)


def refused(td, kind="reading", **options) -> str:
    [answer] = submission.submit([asked(td, kind, **options)])
    assert not WorkOrder.objects.exists()
    return answer.rejected.code


def test_an_order_by_meter_knows_pod_and_concentrator(td):
    order = submit(td)
    assert (order.concentrator_id, order.meter_id) == (td.pk, meter().pk)
    assert order.usage_point.name == "POD101"
    assert (order.state, history(order)) == ("queued", ["accepted"])


def test_an_order_by_pod_finds_the_meter_installed_there(td):
    assert submit(td, meter=None, pod="POD102").meter_id == meter(2).pk


def test_meter_and_pod_that_fit_are_accepted(td):
    assert submit(td, pod="POD101").meter_id == meter().pk


def test_an_order_for_a_concentrator(td):
    order = submit(td, "wake_up", meter=None, concentrator=td.serial_number)
    assert (order.concentrator_id, order.meter_id) == (td.pk, None)


@pytest.mark.parametrize(
    ("wanted", "options"),
    [
        ("2.4", {"meter": "NOBODY"}),
        ("2.12", {"meter": None, "pod": "NOWHERE"}),
        ("2.13", {"pod": "POD102"}),
        ("2.9", {"kind": "dance"}),
        ("1.6", {"parameters": {"bad": 1}}),
        ("1.6", {"priority": 10}),
        ("1.6", {"meter": None}),
        ("2.30", {"kind": "wake_up", "concentrator": "NONE"}),
        ("1.6", {"kind": "wake_up"}),
    ],
)
def test_wrong_requests_are_refused_with_their_code(td, wanted, options):
    assert refused(td, **options) == wanted


def test_old_dates_are_refused(td):
    assert refused(td, not_before=ago(days=32)) == "6.1"
    assert refused(td, expires_at=ago(seconds=1)) == "6.1"


def test_a_meter_that_is_not_commissioned_is_refused_for_commercial_orders_only(td):
    Meter.objects.update(state=MeterState.INSTALLED)
    assert refused(td) == "5.2"
    assert submit(td, "commissioning").state == "queued"


def test_another_companys_meter_is_in_use_elsewhere(td):
    other = fleets.company(code="other")
    request = Request("reading", other.pk, meter=serial(), requested_by="eve")
    [answer] = submission.submit([request])
    assert answer.rejected.code == "7.5"
    assert "elsewhere" in answer.rejected.text


def test_too_many_items_and_too_many_waiting_are_refused_whole(td):
    change(td.company, "order_max_items", "2")
    assert {a.rejected.code for a in submission.submit([asked(td)] * 3)} == {"3.1"}
    change(td.company, "order_max_pending", "1")
    assert {a.rejected.code for a in submission.submit([asked(td)] * 2)} == {"3.2"}


def test_the_same_id_gives_the_first_order_and_refuses_another_body(td):
    first = submit(td, outer_id="7", external_system="MDM")
    [again] = submission.submit([asked(td, outer_id="7", external_system="MDM")])
    assert (again.order_id, again.is_repeat) == (first.pk, True)
    [other] = submission.submit([asked(td, number=2, outer_id="7", external_system="MDM")])
    assert other.rejected.code == "2.15"
    assert WorkOrder.objects.count() == 1


def test_the_same_id_twice_in_one_request_is_one_order(td):
    answers = submission.submit([asked(td, outer_id="7")] * 2)
    assert len({answer.order_id for answer in answers}) == WorkOrder.objects.count() == 1


def test_good_and_bad_requests_of_one_call_are_told_apart(td):
    answers = submission.submit([asked(td), asked(td, meter="NOBODY"), asked(td, number=2)])
    assert [answer.rejected is None for answer in answers] == [True, False, True]


def test_an_order_expires_a_day_after_it_may_begin(td):
    order = submit(td)
    assert 86_390 < (order.expires_at - order.created_at).total_seconds() < 86_410


def test_eleven_disconnections_at_once_are_held_and_ten_are_not(td):
    ten = [asked(td, "disconnect", number) for number in range(1, 11)]
    assert {answer.state for answer in submission.submit(ten)} == {"queued"}
    eleven = [*ten, asked(td, "disconnect", 11)]
    answers = submission.submit(eleven)
    assert {answer.state for answer in answers} == {"held"}
    assert "mass" in answers[0].hold_reason
    assert lane(td).best_priority == 5


def test_a_mass_of_reconnections_is_never_held(td):
    many = [asked(td, "reconnect", number) for number in range(1, 13)]
    assert {answer.state for answer in submission.submit(many)} == {"queued"}


def test_a_protected_pod_is_held_singly_and_refused_in_a_mass(td):
    ProtectedPoint.objects.create(usage_point_id=submit(td).usage_point_id, reason="hospital")
    assert submit(td, "disconnect").state == "held"
    answers = submission.submit([asked(td, "disconnect", number) for number in range(1, 13)])
    assert [answer.rejected and answer.rejected.code for answer in answers][:2] == ["6.1", None]


def test_a_newer_breaker_order_replaces_the_waiting_one(td):
    old, reading = submit(td, "disconnect"), submit(td)
    new = submit(td, "reconnect")
    assert (state(old), code(old)) == ("preempted", "3.31.17.41")
    assert (state(reading), state(new)) == ("queued", "queued")
    assert len(fleets.lines("HPE")) == 1


def test_orders_of_one_request_replace_each_other_in_their_order(td):
    answers = submission.submit([asked(td, "disconnect"), asked(td, "reduce")])
    assert [state(answer.order_id) for answer in answers] == ["preempted", "queued"]


def test_a_held_order_replaces_nothing_before_it_is_approved(td):
    reconnect = submit(td, "reconnect")
    ProtectedPoint.objects.create(usage_point_id=reconnect.usage_point_id, reason="hospital")
    held = submit(td, "disconnect")
    assert state(reconnect) == "queued"
    submission.approve(held.pk, "bob", True, "agreed with the hospital")
    assert (state(reconnect), state(held)) == ("preempted", "queued")


def test_preview_names_what_would_be_replaced_and_writes_nothing(td):
    order = submit(td, "disconnect")
    said = submission.preview(asked(td, "reconnect"))
    assert said == [f"order {order.pk} (disconnect, queued) of the meter would be replaced"]
    assert submission.preview(asked(td, meter="NOBODY"))[0].startswith("[2.4]")
    assert WorkOrder.objects.count() == 1


def test_ten_thousand_orders_are_stored_in_ten_seconds():
    td = fleet(meters=1000)
    requests = [asked(td, "reading", 1 + number % 1000) for number in range(10_000)]
    began = time.monotonic()
    answers = submission.submit(requests)
    took = time.monotonic() - began
    print(f"10,000 orders in {took:.2f} s")
    assert took < 10
    assert [accepted(answers[i]).meter.serial_number for i in (0, 9_999)] == [
        serial(1),
        serial(1000),
    ]
    ids = [answer.order_id for answer in answers]
    assert ids == sorted(set(ids))
