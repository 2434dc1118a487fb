"""``hes freeze``: on by anybody, off by another, and a table of what holds."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.factories import fleets
from workorders.models import Freeze

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def company():
    return fleets.company()


def freeze(*arguments: str) -> str:
    out = StringIO()
    call_command("freeze", *arguments, stdout=out)
    return out.getvalue()


def on(*scope: str, who: str = "ada", reason: str = "odd rate") -> str:
    return freeze("on", *scope, "--as", who, "--reason", reason)


def off(*scope: str, who: str) -> str:
    return freeze("off", *scope, "--as", who, "--reason", "all is clear")


def holding() -> list[str]:
    return [each.begun_by for each in Freeze.objects.filter(ended_at=None).order_by("pk")]


@pytest.mark.parametrize("scope", [(), ("--company", "demo"), ("--all",)])
def test_another_person_than_who_froze_lets_it_go_on(scope, caplog):
    assert "no disconnection or reduction is sent" in on(*scope)
    with pytest.raises(CommandError, match="ada switched it on: another person switches it off"):
        off(*scope, who="ada")
    assert holding() == ["ada"]
    assert "no longer frozen" in off(*scope, who="bob")
    assert holding() == []
    assert "bob ended 1 freezes" in caplog.text
    assert Freeze.objects.get().ended_by == "bob"


def test_of_two_freezes_neither_ends_by_one_who_began_one():
    on(who="ada")
    on(who="bob")
    with pytest.raises(CommandError, match="another person"):
        off(who="bob")
    assert holding() == ["ada", "bob"]
    off(who="eve")
    assert holding() == []


def test_a_freeze_of_all_does_not_end_with_that_of_a_company():
    on("--all")
    with pytest.raises(CommandError, match="nothing to switch off for company demo"):
        off(who="bob")
    assert holding() == ["ada"]


def test_the_table_shows_first_what_holds_then_what_was():
    on(reason="first")
    off(who="bob")
    on("--all", reason="second")
    head, holds, was = freeze("status").splitlines()
    assert head.split() == ["COMPANY", "SINCE", "BY", "REASON", "UNTIL", "ENDED", "BY"]
    assert (holds.split()[0], holds.split()[-2:]) == ("(all)", ["it", "holds"])
    assert (was.split()[0], was.split()[-1]) == ("demo", "bob")
    assert head.index("REASON") == holds.index("second") == was.index("first")


def test_the_status_of_a_company_names_its_own_and_those_of_all():
    fleets.company(code="other")
    on("--company", "other")
    assert freeze("status", "--company", "demo").strip() == "nothing was ever frozen"
    on("--all")
    assert "(all)" in freeze("status", "--company", "demo")


@pytest.mark.parametrize("missing", ["--as", "--reason"])
def test_who_and_why_are_not_left_empty(missing):
    given = {"--as": "ada", "--reason": "odd rate", missing: " "}
    words = [word for pair in given.items() for word in pair]
    with pytest.raises(CommandError, match="must not be empty"):
        freeze("on", *words)
    assert holding() == []


def test_several_companies_need_a_choice():
    fleets.company(code="other")
    with pytest.raises(CommandError, match="which company"):
        on()
