"""``hes holiday``: days on which nobody is disconnected, and who made them so."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from devices.models import AuditRow
from tests.factories import fleets
from workorders.models import Holiday

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def company():
    return fleets.company()


def holiday(*arguments: str) -> str:
    out = StringIO()
    call_command("holiday", *arguments, stdout=out)
    return out.getvalue().strip()


def add(day: str = "2026-12-25", name: str = "Christmas", *more: str) -> str:
    return holiday("add", day, name, "--as", "ada", *more)


def acts() -> list[tuple[str, str, str, str]]:
    rows = AuditRow.objects.order_by("id")
    return [(row.act, row.who, row.target, row.text) for row in rows]


def test_a_day_is_added_listed_and_removed():
    assert add() == "2026-12-25 is a holiday of demo: disconnections are held"
    add("2026-01-01", "New Year")
    assert holiday("list").splitlines() == [
        "DAY         HOLIDAY",
        "2026-01-01  New Year",
        "2026-12-25  Christmas",
    ]
    assert holiday("remove", "2026-01-01", "--as", "bob") == "2026-01-01 is no longer New Year"
    assert Holiday.objects.get().name == "Christmas"


def test_who_changed_the_calendar_is_written_down():
    add()
    holiday("remove", "2026-12-25", "--as", "bob")
    assert acts() == [
        ("holiday.add", "ada", "2026-12-25", "Christmas"),
        ("holiday.remove", "bob", "2026-12-25", "Christmas"),
    ]


def test_a_day_is_a_holiday_once():
    add()
    with pytest.raises(CommandError, match="is Christmas already"):
        add(name="Navidad")
    assert len(acts()) == 1


def test_what_is_no_holiday_is_not_removed():
    with pytest.raises(CommandError, match="2026-12-25 is no holiday of demo"):
        holiday("remove", "2026-12-25", "--as", "ada")
    assert acts() == []


def test_what_is_no_day_or_no_name_is_refused_with_the_cure():
    with pytest.raises(CommandError, match="write it as 2026-12-25"):
        add("25.12.2026")
    with pytest.raises(CommandError, match="remove the character"):
        add(name="a;b")
    assert holiday("list") == "demo has no holidays"


def test_companies_have_their_own_calendars():
    fleets.company(code="other")
    add("2026-12-25", "Christmas", "--company", "demo")
    assert holiday("list", "--company", "other") == "other has no holidays"
