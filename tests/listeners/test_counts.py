"""Counters add up, and many suspects raise an alarm."""

from typing import Any

import pytest
from django.utils import timezone

from devices.alarms import open_alarms
from devices.protocol.spontaneous import Kind
from hes.domain.time import epoch_of
from listeners import counts, status
from listeners.counts import SUSPECTS
from tests.factories import spoken
from tests.factories.spoken import heard, said

pytestmark = pytest.mark.django_db(transaction=True)


def strangers(count: int, at: int) -> None:
    raw = [said(Kind.CONCENTRATOR_OFF, at - n, serial="99XYZ50A1006010") for n in range(count)]
    heard(*raw, source="10.9.9.9", at=at)


def test_what_was_understood_adds_up_in_the_status() -> None:
    spoken.concentrator()
    off = said(Kind.CONCENTRATOR_OFF)
    heard(off, off, b"x", said(Kind.CONCENTRATOR_ON))
    heard(off, source="10.9.9.9")
    told = status.read()
    assert (told.stored, told.duplicates, told.suspects, told.rejected) == (2, 1, 1, 1)


def test_many_suspects_raise_an_alarm_that_falls_when_they_stop(settings: Any) -> None:
    settings.LISTENER_SUSPECTS_ALARM = 20
    spoken.concentrator()
    now = epoch_of(timezone.now())
    strangers(20, now)
    counts.look()
    assert not open_alarms().filter(name=SUSPECTS).exists()
    strangers(5, now)
    counts.look()
    alarm = open_alarms().get(name=SUSPECTS)
    assert alarm.text == (
        "25 messages of the last minutes are not believed, most for: unknown serial"
    )
    settings.LISTENER_SUSPECTS_ALARM = 100
    counts.look()
    assert not open_alarms().filter(name=SUSPECTS).exists()
