"""`hes check` finds companies that would meet in one hub."""

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from devices import parameters
from tests.factories import fleets

pytestmark = pytest.mark.django_db


@pytest.fixture
def rivals() -> None:
    for code in ("alice", "bob"):
        parameters.change(fleets.company(code=code), "hub_names", "common.{kind}")


def found() -> list[str]:
    return [str(message) for message in run_checks(databases=["default"])]


@pytest.mark.usefixtures("rivals")
def test_check_names_both_companies_the_hubs_and_the_cure() -> None:
    with pytest.raises(SystemCheckError) as refusal:
        call_command("check")
    text = str(refusal.value)
    assert "alice and bob would share common.dc" in text
    assert "common.s" in text
    assert "hub_names" in text


def test_companies_with_hubs_of_their_own_are_fine() -> None:
    for code in ("alice", "bob"):
        fleets.company(code=code)
    assert found() == []
    call_command("check")


def test_one_company_may_use_one_hub_name_for_itself() -> None:
    parameters.change(fleets.company(code="alice"), "hub_names", "common.{kind}")
    assert found() == []


@pytest.mark.usefixtures("rivals")
def test_a_setting_allows_shared_hubs(settings) -> None:
    settings.EVENT_HUBS_MAY_BE_SHARED = True
    assert found() == []


@pytest.mark.usefixtures("rivals")
def test_migrations_do_not_stumble_over_hub_names(settings) -> None:
    settings.HES_ROLE = "owner"
    assert found() == []


@pytest.mark.usefixtures("rivals")
def test_other_commands_do_not_look_into_the_database(django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert run_checks() == []
