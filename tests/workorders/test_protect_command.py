"""``hes protect``: PODs that no mass order disconnects, and who said so."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from devices.models import AuditRow
from tests.factories.order_kinds import kinds  # noqa: F401
from tests.factories.ordered import asked, fleet
from workorders import submission

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]
POD = "POD101"


@pytest.fixture(autouse=True)
def td():
    return fleet()


def protect(*arguments: str) -> str:
    out = StringIO()
    call_command("protect", *arguments, stdout=out)
    return out.getvalue().strip()


def add(reason: str = "life support", pod: str = POD) -> str:
    return protect("add", pod, reason, "--as", "ada")


def hold_reason(td) -> str:
    [answer] = submission.submit([asked(td, "disconnect", meter=None, pod=POD)])
    return answer.hold_reason


def test_a_disconnection_of_a_protected_pod_waits_for_another_person(td):
    assert add() == "POD POD101 is protected: no mass order disconnects it"
    assert hold_reason(td) == "protected POD"
    protect("remove", POD, "moved away", "--as", "bob")
    assert hold_reason(td) == ""


def test_they_are_listed_with_the_reason():
    assert protect("list") == "demo protects no POD"
    add()
    head, row = protect("list").splitlines()
    assert head.split() == ["POD", "SINCE", "REASON"]
    assert row.split()[0] == POD
    assert row.endswith("life support")


def test_who_protected_and_who_took_it_back_is_written_down():
    add()
    protect("remove", POD, "moved away", "--as", "bob")
    rows = AuditRow.objects.filter(act__startswith="protection").order_by("id")
    assert [(row.act, row.who, row.target, row.text) for row in rows] == [
        ("protection.add", "ada", "POD POD101", "life support"),
        ("protection.remove", "bob", "POD POD101", "moved away"),
    ]


def test_what_cannot_be_is_refused_with_the_cure():
    with pytest.raises(CommandError, match="no POD of demo is called NOWHERE"):
        add(pod="NOWHERE")
    with pytest.raises(CommandError, match="is not protected"):
        protect("remove", POD, "moved away", "--as", "bob")
    with pytest.raises(CommandError, match="remove the character"):
        add("a;b")
    add()
    with pytest.raises(CommandError, match="protected already: life support"):
        add("hospital")
