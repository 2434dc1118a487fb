"""What orders of concentrators take over from inventory, settings and the time zone database."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from devices.models import Company, Concentrator, SpontaneousProfile
from devices.parameters import change
from hes.domain.dst import normal_offset, summer_times
from tests.factories.ordered import accepted, asked, fleet
from workorders import submission
from workorders.activities.orders.summer_times import plain

pytestmark = pytest.mark.django_db(transaction=True)
SANTIAGO = ZoneInfo("America/Santiago")
CONFIGURATION = "concentrator_technical_configuration"


@pytest.fixture(autouse=True)
def _system(settings) -> None:
    """Where this installation is reached."""
    settings.SPONTANEOUS_ADDRESS, settings.WAKE_UP_PORT = "10.0.1.36", 58_692
    settings.LAST_GASP_PORT = 58_693


@pytest.fixture
def td() -> Concentrator:
    made = fleet()
    made.company.time_zone = "America/Santiago"
    made.company.save()
    made.spontaneous_profile = SpontaneousProfile.objects.create(
        company=made.company, name="field", period=30
    )
    made.save()
    return made


def answer(td, kind=CONFIGURATION, **parameters):
    request = asked(td, kind, meter=None, concentrator=td.serial_number, parameters=parameters)
    return submission.submit([request])[0]


def prepared(td, kind=CONFIGURATION, **parameters) -> dict:
    return accepted(answer(td, kind, **parameters)).parameters


def of_this_and_next_year() -> list[dict]:
    year = datetime.now(UTC).year
    return [plain(*each) for each in summer_times(SANTIAGO, year, year + 1)]


def test_a_configuration_without_parameters_is_the_inventorys(td):
    assert prepared(td) == {
        "wake_up": True, "last_gasp": True, "meter_last_gasp": True, "wake_up_port": 58_692,
        "last_gasp_port": 58_693, "address": "10.0.1.36", "period": 30,
        "periods": of_this_and_next_year(), "time_zone": 240, "from_zone": True,
    }  # fmt: skip


def test_what_the_caller_gives_wins(td):
    found = prepared(td, period=5, address="10.0.0.9", time_zone=-60, periods=[])
    assert [found[name] for name in ("period", "address", "time_zone", "periods")] == [
        5, "10.0.0.9", -60, []
    ]  # fmt: skip


def test_address_and_ports_are_the_systems_whatever_the_profile_is_called(td, settings):
    settings.WAKE_UP_PORT, settings.LAST_GASP_PORT = 58_700, 58_701
    found = prepared(td)
    assert [found[name] for name in ("wake_up_port", "last_gasp_port")] == [58_700, 58_701]


def test_a_listener_without_an_address_is_refused_by_its_name(td, settings):
    settings.SPONTANEOUS_ADDRESS = ""
    refused = answer(td).rejected
    assert (refused.code, "set HES_SPONTANEOUS_ADDRESS" in refused.text) == ("1.7", True)


def test_a_profile_named_by_the_order_goes_before_that_of_the_inventory(td):
    SpontaneousProfile.objects.create(
        company=td.company, name="quiet", period=120, last_gasp_meter=False
    )
    found = prepared(td, spontaneous_profile="quiet")
    assert [found[name] for name in ("spontaneous_profile", "period", "meter_last_gasp")] == [
        "quiet", 120, False
    ]  # fmt: skip


def test_a_profile_of_nobody_or_of_another_company_is_refused(td):
    other = Company.objects.create(name="Other", code="other")
    SpontaneousProfile.objects.create(company=other, name="theirs")
    for name in ("nobodys", "theirs"):
        refused = answer(td, spontaneous_profile=name).rejected
        assert (refused.code, refused.text) == (
            "5.8",
            f"parameter spontaneous_profile is '{name}' - give one that"
            " `hes spontaneous-profile list` shows",
        )


def test_the_company_names_its_own_listener_and_time_server(td):
    for name, text in (("listener_address", "10.9.9.9"), ("ntp_server", "ntp.example")):
        change(td.company, name, text)
    found = prepared(td)
    assert found["address"] == "10.9.9.9"
    assert [found[name] for name in ("ntp_active", "ntp_server", "ntp_port")] == [
        True, "ntp.example", 123
    ]  # fmt: skip
    assert prepared(td, ntp_server="other.example")["ntp_server"] == "other.example"


def test_a_listener_address_that_is_none_is_refused_by_its_name(td):
    change(td.company, "listener_address", "10.9.9.999")
    assert "parameter address is '10.9.9.999'" in answer(td).rejected.text


def test_a_concentrator_that_never_speaks_needs_no_address(td, settings):
    settings.SPONTANEOUS_ADDRESS = ""
    SpontaneousProfile.objects.update(
        wake_up=False, last_gasp_meter=False, last_gasp_concentrator=False
    )
    assert prepared(td)["address"] == "0.0.0.0"  # noqa: S104


def test_without_a_profile_the_refusal_says_where_it_belongs(td):
    Concentrator.objects.update(spontaneous_profile=None)
    refused = answer(td).rejected
    assert refused.code == "1.7"
    assert f"give concentrator {td.serial_number} a spontaneous profile (template 7)" in str(
        refused
    )


def test_a_time_server_that_is_switched_on_has_a_name(td):
    refused = answer(td, ntp_active=True).rejected
    assert (refused.code, refused.text) == (
        "1.7", "parameter ntp_server is missing - give it, or set it as setting ntp_server"
    )  # fmt: skip
    assert prepared(td, ntp_active=False)["ntp_active"] is False


def test_summer_times_are_those_of_the_zone_unless_given(td):
    assert prepared(td, "concentrator_dst") == {
        "periods": of_this_and_next_year(), "from_zone": True
    }  # fmt: skip
    assert prepared(td, "concentrator_dst", periods=[]) == {"periods": []}


@pytest.mark.parametrize(
    ("zone", "minutes"), [("America/Santiago", -240), ("Europe/Dublin", 0), ("Asia/Kolkata", 330)]
)
def test_normal_time_is_what_holds_outside_of_summer(zone, minutes):
    assert normal_offset(ZoneInfo(zone), 2026) == minutes
