"""What a visit says of the concentrator itself."""

from datetime import UTC, datetime

import pytest

from devices.drivers.base import Contact
from devices.fleet import Fleet
from devices.models import CompanySetting, ConcentratorStatus, EndDeviceEvent
from devices.recording import LeaseLost, record_clock, record_contact, record_status_word
from hes.domain.events import EventKind
from tests.factories import fleets
from tests.factories.fleets import no_fence

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def contact(fleet: Fleet, *contacts: Contact) -> ConcentratorStatus:
    for each in contacts:
        record_contact(fleet.id, each, no_fence, NOW)
    return ConcentratorStatus.objects.get()


def test_a_concentrator_flips_once_above_the_maximum_and_once_back(fleet: Fleet) -> None:
    CompanySetting.objects.create(
        company_id=fleet.company_id, name="max_missed_contacts", value="2"
    )
    assert contact(fleet, Contact.MISSED, Contact.MISSED).is_reachable
    assert not contact(fleet, Contact.MISSED, Contact.MISSED).is_reachable
    status = contact(fleet, Contact.UNKNOWN, Contact.MADE, Contact.MADE)
    assert (status.missed_contacts, status.is_reachable, status.last_contact) == (0, True, NOW)
    lines = [line.split(";") for line in fleets.lines("LPE")]
    assert [(line[0], line[1], line[3], line[7]) for line in lines] == [
        ("TD-33585", "", "10.1.0.85", "Concentrator Unreachable"),
        ("TD-33585", "", "10.1.0.49", "Concentrator Reachable"),
    ]
    assert {len(line) for line in lines} == {10}


def test_the_status_word_is_stored_as_printed(fleet: Fleet) -> None:
    record_status_word(fleet.id, bytes.fromhex("04B01E"), NOW, no_fence)
    status = ConcentratorStatus.objects.get()
    assert bytes(status.status_word or b"").hex().upper() == "04B01E"
    assert status.status_word_at == NOW


@pytest.mark.parametrize(
    ("stepped", "refused", "kinds"),
    [
        (False, False, []),
        (True, False, [EventKind.CLOCK_STEPPED]),
        (False, True, [EventKind.CLOCK_DRIFT_REFUSED]),
    ],
)
def test_a_clock_step_is_an_event_for_screens(
    fleet: Fleet, stepped: bool, refused: bool, kinds: list[EventKind]
) -> None:
    record_clock(fleet.id, -12.4, stepped, refused, NOW, no_fence)
    assert ConcentratorStatus.objects.get().clock_drift == -12.4
    assert list(EndDeviceEvent.objects.values_list("kind", flat=True)) == kinds
    assert fleets.lines("LPE") == []


def test_a_lost_lease_changes_nothing(fleet: Fleet) -> None:
    def lost(_cursor: object) -> None:
        raise LeaseLost

    with pytest.raises(LeaseLost):
        record_contact(fleet.id, Contact.MISSED, lost, NOW)
    assert not ConcentratorStatus.objects.exists()
