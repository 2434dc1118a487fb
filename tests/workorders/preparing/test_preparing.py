"""Orders carry what the inventory said when they were accepted."""

import pytest

from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import asked, fleet, submit
from workorders import preparing, submission
from workorders.activities.orders.base import Rejected
from workorders.models import WorkOrder

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


@pytest.fixture
def td():
    return fleet()


@pytest.fixture
def asks(monkeypatch):
    """How often the inventory was asked for readings; those with `none` find nothing."""
    calls = []

    def look_up(_cursor, company, drafts):
        calls.append((company, len(drafts)))
        return [
            Rejected("2.29", "nothing is released")
            if "none" in draft.parameters
            else {**draft.parameters, "version": 3}
            for draft in drafts
        ]

    monkeypatch.setattr(preparing, "PREPARING", {"reading": look_up})
    return calls


def test_parameters_are_completed_with_one_look_for_all_orders_of_a_call(td, asks):
    submission.submit(
        [asked(td, "reading"), asked(td, "wake_up", meter=None), asked(td, "reading")]
    )
    assert asks == [(td.company_id, 2)]
    found = list(WorkOrder.objects.filter(kind="reading").values_list("parameters", flat=True))
    assert found == [{"version": 3}, {"version": 3}]


def test_what_is_refused_there_is_not_stored_and_others_are(td, asks):
    first, second = submission.submit(
        [asked(td, "reading", parameters={"none": 1}), asked(td, "reading")]
    )
    assert (first.rejected.code, second.rejected) == ("2.29", None)
    assert WorkOrder.objects.count() == 1


def test_a_bundle_with_a_refused_step_is_refused(td, asks):
    step = asked(td, "reading", parameters={"none": 1})
    answer = submission.submit([asked(td, "", steps=(asked(td, "reading"), step))])[0]
    assert answer.rejected.code == "2.29"
    assert not WorkOrder.objects.exists()


def test_a_kind_that_needs_nothing_is_left_alone(td, asks):
    assert submit(td, "disconnect").parameters == {}
    assert asks == []
