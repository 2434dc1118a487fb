"""Events outside of a recording: a row for screens, a line where there is a code."""

import pytest
from django.db import connection, transaction

from devices.events import Event, announce
from devices.models import EndDeviceEvent, ExportBlock
from hes.domain.events import EventKind
from tests.factories import fleets

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
