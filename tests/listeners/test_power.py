"""What is told of a device becomes its state, and every flip a change."""

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from listeners.models import ConcentratorPower, MeterPower, PowerChange, PowerSource
from listeners.power import Change, record
from tests.factories import fleets

pytestmark = pytest.mark.django_db

NOON = 1_790_000_000.0  # some instant


def told(owner: Any, is_dark: bool, heard: float, **more: Any) -> Change:
    return Change(owner.company_id, owner.pk, None, is_dark, NOON + heard, **more)


def stamped(owner: Any, is_dark: bool, at: float, heard: float, **more: Any) -> Change:
    return told(owner, is_dark, heard, stamped_at=NOON + at, **more)


def tell(*changes: Change) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        return record(cursor, changes)


def state() -> tuple[bool, float]:
    row = ConcentratorPower.objects.get()
    return row.is_dark, row.since.timestamp() - NOON


def changes() -> list[tuple[bool, float]]:
    rows = PowerChange.objects.order_by("id")
    return [(row.is_dark, row.at.timestamp() - NOON) for row in rows]


@pytest.fixture
def owner() -> Any:
    fleets.make_partitions()
    return fleets.concentrator(fleets.company(), None)


def test_the_first_message_of_a_device_makes_its_state_and_a_change(owner: Any) -> None:
    assert tell(stamped(owner, True, at=0, heard=5)) == 1
    assert (state(), changes()) == ((True, 0), [(True, 0)])


def test_what_is_said_again_changes_nothing_but_when_it_was_heard(owner: Any) -> None:
    tell(stamped(owner, True, at=0, heard=5))
    assert tell(stamped(owner, True, at=60, heard=65)) == 0
    assert (state(), len(changes())) == ((True, 0), 1)
    assert ConcentratorPower.objects.get().heard_at.timestamp() == NOON + 65


def test_an_older_off_after_a_newer_on_leaves_the_device_lit(owner: Any) -> None:
    tell(stamped(owner, False, at=100, heard=110))
    assert tell(stamped(owner, True, at=90, heard=120)) == 0
    assert state() == (False, 100)


def test_what_was_confirmed_later_is_newer_than_its_first_stamp(owner: Any) -> None:
    tell(stamped(owner, True, at=0, heard=5), stamped(owner, True, at=60, heard=65))
    assert tell(stamped(owner, False, at=30, heard=70)) == 0
    assert state() == (True, 0)


def test_without_a_believable_stamp_receipts_decide(owner: Any) -> None:
    tell(stamped(owner, False, at=100, heard=110))
    assert tell(told(owner, True, heard=120)) == 1
    assert state() == (True, 120)
    assert tell(stamped(owner, False, at=90, heard=119)) == 0


def test_stamps_of_two_clocks_are_not_compared(owner: Any) -> None:
    (meter,) = fleets.meters(owner, 1)
    by_old = Change(
        owner.company_id, owner.pk, meter.pk, False, NOON + 10, NOON + 500, clock_id=owner.pk
    )
    assert tell(by_old, by_old._replace(is_dark=True, heard_at=NOON + 20, stamped_at=NOON)) == 1
    assert tell(by_old._replace(is_dark=True, heard_at=NOON + 30, stamped_at=NOON, clock_id=None))
    assert MeterPower.objects.get(meter=meter).is_dark
    assert not ConcentratorPower.objects.exists()


def test_off_and_on_in_one_batch_are_two_changes(owner: Any) -> None:
    flips = tell(stamped(owner, True, at=0, heard=5), stamped(owner, False, at=60, heard=199))
    assert (flips, changes(), state()) == (2, [(True, 0), (False, 60)], (False, 60))


def test_a_change_names_one_device_and_who_told(owner: Any) -> None:
    (meter,) = fleets.meters(owner, 1)
    answer = Change(owner.company_id, owner.pk, meter.pk, False, NOON, source=PowerSource.ANSWER)
    tell(told(owner, True, heard=0), answer)
    rows = PowerChange.objects.order_by("id").values_list("concentrator_id", "meter_id", "source")
    assert list(rows) == [(owner.pk, None, "gasp"), (None, meter.pk, "answer")]


@pytest.mark.django_db(transaction=True)
def test_two_writers_of_a_device_nobody_knows_both_count() -> None:
    fleets.make_partitions()
    owner = fleets.concentrator(fleets.company(), None)
    flips = []

    def second() -> None:
        try:
            flips.append(tell(stamped(owner, False, at=60, heard=199)))
        finally:
            connection.close()

    with transaction.atomic(), connection.cursor() as cursor:
        flips.append(record(cursor, [stamped(owner, True, at=0, heard=5)]))
        other = threading.Thread(target=second)
        other.start()
        other.join(0.5)
        assert other.is_alive()  # it waits for our row
    other.join(10)
    assert (flips, state(), len(changes())) == ([1, 1], (False, 60), 2)
