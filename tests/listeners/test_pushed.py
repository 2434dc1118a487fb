"""Pushes of meters in meaning: opened set-wise, believed by key or by address."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from devices import keys
from devices.choices import Holder, KeyState, SecretRole
from devices.keys import DeviceKeys
from devices.models import Meter
from devices.protocol import clock
from devices.protocol.pushes import ALARM_PUSH, LAST_GASP, Told, wrapped
from devices.protocol.security import Keys, Sealer
from listeners.meaning import Understood, understand
from listeners.models import LastMeterMessage, MeterPower, SpontaneousMessage
from tests.factories import fleets, spoken
from tests.factories.spoken import NOW, heard, reasons, receive

pytestmark = pytest.mark.django_db(transaction=True)

ELSEWHERE = "10.55.5.5"


@pytest.fixture
def owner() -> Any:
    made = spoken.concentrator()
    fleets.meters(made, 3)
    return made


def with_keys(number: int, byte: int, state: KeyState = KeyState.ACTIVE) -> Meter:
    """A meter whose title is known, and its keys."""
    meter = Meter.objects.get(mac_address=fleets.mac(number))
    meter.system_title = title(number)
    meter.save()
    values = {SecretRole.ENCRYPTION: bytes([byte]) * 16, SecretRole.AUTHENTICATION: bytes(16)}
    keys.store_many([DeviceKeys(meter.company_id, Holder.METER, meter.pk, values, state)])
    return meter


def title(number: int) -> bytes:
    return b"MTR" + fleets.mac(number)[-5:]


def told(number: int, name: bytes = LAST_GASP, at: int = NOW) -> bytes:
    return Told(name, clock.encode(at, 0), f"UAAEEDN{number:011d}", 1).notification()


def sealed(number: int, byte: int, apdu: bytes | None = None) -> bytes:
    sealer = Sealer(Keys(bytes([byte]) * 16, bytes(16)), title(number), lambda: 5)
    return wrapped(apdu or told(number), sealer)


def test_a_sealed_last_gasp_is_believed_from_anywhere(owner: Any) -> None:
    with_keys(1, 7)
    assert heard(sealed(1, 7), source=ELSEWHERE) == Understood(stored=1)
    assert MeterPower.objects.get().is_dark
    (line,) = fleets.lines("LPE")
    assert line.split(";")[:4] == ["GIALLOT01", "UAAEEDN00000000001", "POD1", "3.26.17.85"]
    assert line.endswith(";0;METER_REACHABILITY_KO;-;-")
    assert LastMeterMessage.objects.get().concentrator_id == owner.pk


def test_a_plain_one_is_believed_from_the_meters_concentrator_only(owner: Any) -> None:
    raw = wrapped(told(1))
    assert heard(raw, source=ELSEWHERE) == Understood(suspects=1)
    assert reasons() == {"strange address": 1}
    assert heard(raw) == Understood(stored=1)


def test_an_alarm_is_kept_and_says_nothing_of_power(owner: Any) -> None:
    assert heard(wrapped(told(1, ALARM_PUSH))) == Understood(stored=1)
    assert SpontaneousMessage.objects.get().kind == "METER_ALARM"
    assert (MeterPower.objects.count(), fleets.lines("LPE")) == (0, [])


def test_keys_that_are_being_handed_over_open_too(owner: Any) -> None:
    with_keys(1, 7)
    with_keys(1, 9, KeyState.NEW)
    assert heard(sealed(1, 9), source=ELSEWHERE) == Understood(stored=1)


def test_what_does_not_open_is_suspect(owner: Any) -> None:
    with_keys(1, 7)
    unknown = sealed(3, 7)
    assert heard(sealed(1, 8), unknown) == Understood(suspects=2)
    assert reasons() == {"push does not open": 1, "push of no device we know": 1}


def test_nobody_speaks_for_another_meter_under_its_own_keys(owner: Any) -> None:
    with_keys(1, 7)
    assert heard(sealed(1, 7, told(2))) == Understood(suspects=1)
    assert reasons() == {"keys of another meter": 1}


def test_a_repeated_push_is_a_duplicate_whatever_its_counter(owner: Any) -> None:
    with_keys(1, 7)
    assert heard(sealed(1, 7), sealed(1, 7)) == Understood(stored=1, duplicates=1)


def test_a_push_of_a_meter_under_no_concentrator_prints_none(owner: Any) -> None:
    meter = with_keys(1, 7)
    meter.associations.all().delete()
    assert heard(sealed(1, 7), source=ELSEWHERE) == Understood(stored=1)
    assert fleets.lines("LPE")[0].startswith(";UAAEEDN00000000001;POD1;")


def test_many_pushes_cost_no_more_queries_than_one(owner: Any) -> None:
    for number in (1, 2, 3):
        with_keys(number, number)
    assert heard(sealed(1, 1)) == Understood(stored=1)
    counts = []
    for numbers in ((2,), (1, 2, 3)):
        apdus = [(number, told(number, at=NOW - len(numbers))) for number in numbers]
        receive(*[sealed(number, number, apdu) for number, apdu in apdus])
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert understand() == Understood(stored=len(numbers))
        counts.append(len(queries))
    assert abs(counts[1] - counts[0]) <= 1  # a first row is an insert, others are updates
