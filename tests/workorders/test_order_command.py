"""``hes order``: what is asked for, by whom, and what people decide about it."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from devices.models import AuditRow
from hes.lib.person import person
from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import fleet, serial
from workorders.models import WorkOrder

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kinds")]


@pytest.fixture(autouse=True)
def td():
    return fleet()


def order(*arguments: object) -> str:
    out = StringIO()
    call_command("order", *map(str, arguments), stdout=out)
    return out.getvalue().strip()


def submit(kind: str, *arguments: str) -> int:
    order("submit", kind, "--meter", serial(), *arguments)
    return WorkOrder.objects.latest("id").pk


def large_credit(*arguments: str) -> int:
    return submit("credit_charge", "--set", "amount=600000", *arguments)


def test_who_names_nobody_asks_as_the_person_at_the_command():
    submit("reading")
    assert WorkOrder.objects.get().requested_by == AuditRow.objects.latest("id").who == person()


def test_a_large_credit_is_told_to_be_held_and_goes_on_by_another_person():
    told = order("submit", "credit_charge", "--meter", serial(), "--set", "amount=600000")
    assert "held: credit of 600000 Wh, limit 500000" in told
    pk = WorkOrder.objects.get().pk
    assert order("approve", pk, "--as", "bob", "--reason", "agreed") == f"order {pk} goes on"
    assert WorkOrder.objects.get().approved_by == "bob"


def test_who_asked_does_not_approve():
    pk = large_credit("--as", "ada")
    with pytest.raises(CommandError, match=r"\[7.5\]"):
        order("approve", pk, "--as", "ada")


def test_a_cancelled_order_says_by_whom_and_why():
    pk = submit("reading")
    assert (
        order("cancel", pk, "--as", "bob", "--reason", "wrong meter") == f"order {pk} is cancelled"
    )
    assert WorkOrder.objects.get().result_text == "[6.5] cancelled by bob: wrong meter"
    with pytest.raises(CommandError, match="too late"):
        order("cancel", pk, "--as", "bob")


def test_a_refused_row_of_a_file_is_named_and_the_others_are_taken(tmp_path):
    file = tmp_path / "meters.csv"
    file.write_text(f"meter\n{serial()}\nNOBODY\n{serial(2)}\n")
    out = StringIO()
    with pytest.raises(CommandError, match="1 refused"):
        call_command("order", "submit", "reading", "--file", str(file), stdout=out)
    assert out.getvalue().splitlines() == [
        "line 3: refused [2.4] no meter has the serial NOBODY",
        "2 of 3 orders accepted",
    ]
    assert [row.count for row in AuditRow.objects.filter(act="order.submit")] == [2, 1]
