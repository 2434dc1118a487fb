"""`hes settings` shows what holds and refuses what does not fit."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from devices.models import AuditRow, Company
from hes.lib.person import person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def alice() -> Company:
    return Company.objects.create(name="Alice Power", code="alice")


def shown(*arguments: str) -> dict[str, str]:
    out = StringIO()
    call_command("company_settings", *arguments, stdout=out)
    return {line[2:].split()[0]: line for line in out.getvalue().splitlines()}


def test_a_changed_setting_is_marked_and_the_others_keep_their_default() -> None:
    lines = shown("max_missed_contacts", "30")
    assert lines["max_missed_contacts"].startswith("* ")
    assert "30 contacts" in lines["max_missed_contacts"]
    assert shown()["ledger_days"].startswith("  ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["max_missed"], "give the new value"),
        (["max_missed", "3"], "no setting is called 'max_missed'"),
        (["max_missed_contacts", "many"], "invalid literal"),
        (["file_suffix", "../x"], "does not fit"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(arguments: list[str], complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        shown(*arguments)


def test_who_changed_a_setting_from_what_to_what_is_written_down() -> None:
    shown("cap_user_hour", "40", "--as", "ada")
    shown("cap_user_hour", "50")
    told = [(row.act, row.target, row.text) for row in AuditRow.objects.order_by("id")]
    assert told == [
        ("setting.change", "cap_user_hour", "30 -> 40"),
        ("setting.change", "cap_user_hour", "40 -> 50"),
    ]
    assert [row.who for row in AuditRow.objects.order_by("id")] == ["ada", person()]


def test_of_several_companies_one_must_be_named() -> None:
    Company.objects.create(name="Bob Energy", code="bob")
    with pytest.raises(CommandError, match="alice, bob"):
        shown()
    assert "max_missed_contacts" in shown("--company", "bob")


def test_where_devices_report_to_is_shown_by_the_documents_names_and_not_changed(settings) -> None:
    settings.SPONTANEOUS_ADDRESS = "10.0.1.36"
    lines = shown()
    assert lines["HES_SPONTANEOUS_ADDRESS"].startswith("= ")
    assert lines["HES_SPONTANEOUS_ADDRESS"].split(None, 3)[2:] == [
        "10.0.1.36", "IP of internal LB used for concentrator spontaneous messages"
    ]  # fmt: skip
    assert lines["HES_LAST_GASP_PORT"].endswith("Port to use for last gasp messages")
    with pytest.raises(CommandError, match="no setting is called"):
        shown("HES_LAST_GASP_PORT", "1")
