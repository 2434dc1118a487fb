"""`hes company` makes a utility that can be provisioned at once."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from devices.choices import Activity
from devices.models import Company, ProcedureItem, SpontaneousProfile

pytestmark = pytest.mark.django_db


def made(*arguments: str) -> str:
    out = StringIO()
    call_command("company", *arguments, stdout=out)
    return out.getvalue()


def test_a_new_company_collects_as_often_as_the_documents_say() -> None:
    assert "ready for template 7" in made("alice", "Alice Power", "--time-zone", "America/Santiago")
    company = Company.objects.get()
    assert company.zone.key == "America/Santiago"
    periods = dict(ProcedureItem.objects.values_list("activity", "period"))
    assert 1440 / periods[Activity.DAILY_CLOSURE] == 4
    assert 1440 / periods[Activity.MEASURANDS] == 3
    assert set(periods) == set(Activity.values)
    assert SpontaneousProfile.objects.get().company == company


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["al ice", "Alice"], "code: "),
        (["alice", "Alice", "--time-zone", "Chile"], "time_zone: .*IANA"),
        (["bob", "Bob Energy"], "already exists"),
        (["al;ice", "Alice"], "code: "),
        (["alice", "Alice; Power"], "'Alice; Power': contains ; or a quote"),
        (["alice", 'Alice "Power"'], "contains ; or a quote"),
        (["alice", "Alice\nPower"], "contains ; or a quote"),
        (["alice", "Alice", "--currency", "a;b"], "currency contains ; or a quote"),
    ],
)
def test_a_company_that_cannot_be_is_refused(arguments: list[str], complaint: str) -> None:
    made("bob", "Bob Energy")
    with pytest.raises(CommandError, match=complaint):
        made(*arguments)
    assert Company.objects.count() == 1
