"""Events outside of a recording: a row for screens, a line where there is a code."""

from pathlib import Path

import pytest
from django.db import connection, transaction

from devices import parameters
from devices.events import Event, announce
from devices.models import EndDeviceEvent, ExportBlock
from hes.domain.alarms import ALARMS
from hes.domain.events import EventKind
from tests.factories import fleets

SAMPLES = Path(__file__).parents[1] / "samples"
pytestmark = pytest.mark.django_db


def test_events_of_several_companies_go_into_blocks_of_their_own() -> None:
    fleets.make_partitions()
    events = [
        Event(EventKind.METER_COMMISSIONED, company, 5, "TD-5", meter_id=number, meter=f"M{number}")
        for number, company in ((1, 7), (2, 8), (3, 7))
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        announce(cursor, events)
    blocks = ExportBlock.objects.order_by("company_id").values_list("company_id", "devices")
    assert list(blocks) == [(7, [1, 3]), (8, [2])]
    first = fleets.lines("LPE")[0].split(";")
    assert (first[:4], first[7]) == (["TD-5", "M1", "", "3.7.0.33"], "Meter Commissioned")
    assert EndDeviceEvent.objects.count() == 3


def test_an_event_without_a_code_is_for_screens_only() -> None:
    fleets.make_partitions()
    event = Event(EventKind.DEVICE_LOCKED, 7, 5, "TD-5", detail="[TB_ACK_146] COUNTER")
    with transaction.atomic(), connection.cursor() as cursor:
        announce(cursor, [event])
    stored = EndDeviceEvent.objects.get()
    assert (stored.kind, stored.code, stored.text) == ("device_locked", "", "[TB_ACK_146] COUNTER")
    assert not ExportBlock.objects.exists()


def announced(event: Event) -> None:
    fleets.make_partitions()
    with transaction.atomic(), connection.cursor() as cursor:
        announce(cursor, [event])


@pytest.mark.parametrize(("setting", "expected"), [("true", 1), ("false", 0)])
def test_a_company_may_keep_life_cycle_steps_out_of_its_lines(setting: str, expected: int) -> None:
    owner = fleets.company()
    parameters.change(owner, "commissioning_lines", setting)
    announced(Event(EventKind.METER_COMMISSIONED, owner.pk, 5, "TD-5", meter_id=1, meter="M1"))
    assert len(fleets.lines("LPE")) == expected
    assert EndDeviceEvent.objects.count() == 1


def test_an_alarm_that_is_switched_off_is_kept_for_screens_only() -> None:
    owner = fleets.company()
    parameters.change(owner, "alarms_off", "WDOG,ORD")
    for alarm in ALARMS[:2]:  # PUP, ORD
        announced(
            Event(EventKind.METER_ALARM, owner.pk, 5, "TD-5", 1, "M1", alarm=alarm, is_active=True)
        )
    assert [line.split(";")[-1] for line in fleets.lines("SWE")] == ["Voltage interruption (PUP)"]
    assert EndDeviceEvent.objects.count() == 2


def test_concentrators_may_be_reported_with_the_printed_codes_of_meters() -> None:
    owner = fleets.company()
    lost = Event(EventKind.CONCENTRATOR_UNREACHABLE, owner.pk, 5, "TD-5")
    announced(lost)
    parameters.change(owner, "concentrator_events_as_meter", "true")
    announced(lost)
    codes = [line.split(";")[3] for line in fleets.lines("LPE")]
    assert codes == ["10.1.0.85", "3.1.0.85"]
    assert {line.split(";")[7] for line in fleets.lines("LPE")} == {"Concentrator Unreachable"}


def test_alarm_names_are_checked_before_they_are_stored() -> None:
    with pytest.raises(ValueError, match="alarms_off"):
        parameters.change(fleets.company(), "alarms_off", "wdog; ord")


@pytest.mark.parametrize(("setting", "expected"), [("true", ["3", "2"]), ("false", ["0", "0"])])
def test_lines_print_the_severity_of_their_kind_only_where_it_is_wanted(
    setting: str, expected: list[str]
) -> None:
    owner = fleets.company()
    parameters.change(owner, "severity_in_lines", setting)
    announced(Event(EventKind.METER_UNREACHABLE, owner.pk, 5, "TD-5", 1, "M1"))
    announced(
        Event(EventKind.METER_ALARM, owner.pk, 5, "TD-5", 1, "M1", alarm=ALARMS[0], is_active=True)
    )
    (event,), (alarm,) = fleets.lines("LPE"), fleets.lines("SWE")
    assert [event.split(";")[6], alarm.split(";")[5]] == expected


def test_an_event_whose_line_is_refused_is_stored_and_the_others_leave() -> None:
    fleets.make_partitions()
    names = ("M1", 'M"2', "M3")
    events = [Event(EventKind.METER_COMMISSIONED, 7, 5, "TD-5", n, m) for n, m in enumerate(names)]
    with transaction.atomic(), connection.cursor() as cursor:
        announce(cursor, events)
    assert [line.split(";")[1] for line in fleets.lines("LPE")] == ["M1", "M3"]
    stored = EndDeviceEvent.objects.values_list("kind", "meter_id")
    assert sorted(stored) == [
        ("lines_refused", 1),
        *(("meter_commissioned", number) for number in range(3)),
    ]
    told = EndDeviceEvent.objects.get(kind="lines_refused")
    assert told.text.startswith("LPE of meter 1, concentrator 5: mend its name or POD")
    assert told.code == ""


def test_last_gasps_print_the_lines_of_the_samples() -> None:
    owner = fleets.company()
    device_stamp, receipt = "2020-09-23 15:12:46.000", "2021-03-29 17:43:49.220"
    announced(Event(EventKind.CONCENTRATOR_LIT, owner.pk, 5, "ROSSOT01", date=device_stamp))
    announced(
        Event(
            EventKind.METER_LOST,
            owner.pk,
            6,
            "GIALLOT01",
            1,
            "UAAEEDN10100027382",
            "POD007",
            date=receipt,
        )
    )
    # The sample rows of concentrators have one `;` too few (samples/README.md).
    (lit,) = [line for line in sample("LPE_2020-09-23.csv") if "15:12:46" in line]
    (lost,) = [line for line in sample("LPE_2021-03-29.csv") if "POD007" in line]
    assert fleets.lines("LPE") == [lit.replace(";;10.", ";;;10."), lost]


def sample(name: str) -> list[str]:
    return (SAMPLES / name).read_text(encoding="utf-8").splitlines()
