"""`hes spontaneous-profile`: made, changed and shown; address and ports are the system's."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from devices.models import AuditRow, Company, SpontaneousProfile
from devices.parameters import change

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def alice(settings) -> Company:
    settings.SPONTANEOUS_ADDRESS, settings.LAST_GASP_PORT = "10.0.1.36", 58_693
    return Company.objects.create(name="Alice Power", code="alice")


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("spontaneous_profile", *arguments, stdout=out)
    return out.getvalue()


def listed() -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in said("list").splitlines()[1:]}


def test_a_profile_is_shown_with_the_systems_address_and_ports():
    said("add", "Gasps", "--period", "15", "--no-last-gasp-meter", "--as", "ada")
    assert listed() == {
        "Gasps": ["true", "10.0.1.36", "58692", "15", "true", "false", "58693", "0"]
    }
    [row] = AuditRow.objects.all()
    assert (row.act, row.who, row.target) == ("spontaneous_profile.add", "ada", "Gasps")


def test_a_company_with_a_way_in_of_its_own_shows_it(alice):
    change(alice, "listener_address", "10.9.9.9")
    said("add", "Gasps")
    assert listed()["Gasps"][1] == "10.9.9.9"


def test_a_change_leaves_alone_what_it_does_not_name():
    said("add", "Gasps", "--period", "15", "--no-wake-up")
    assert "technical configurations" in said("change", "Gasps", "--no-last-gasp-meter")
    made = SpontaneousProfile.objects.get()
    assert (made.period, made.wake_up, made.last_gasp_meter) == (15, False, False)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["add", "Gasps"], "profile Gasps exists"),
        (["change", "Nobody"], "has no spontaneous profile Nobody"),
        (["add", "Other", "--period", "0"], "give 1 to 65535 minutes"),
        (["change", "Gasps", "--period", "65536"], "give 1 to 65535 minutes"),
        (["add", "semi;colon"], "semicolon|not allowed|;"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(arguments, complaint):
    said("add", "Gasps")
    with pytest.raises(CommandError, match=complaint):
        said(*arguments)
    assert SpontaneousProfile.objects.count() == 1
    assert AuditRow.objects.count() == 1


def test_neither_address_nor_port_can_be_given():
    with pytest.raises(CommandError, match="unrecognized arguments"):
        said("add", "Gasps", "--address", "10.0.0.1")
