"""The slot ledger against a model of it in plain sets."""

import threading
from collections import Counter

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.outbox.slots import WIDTH, Key, Kind, SlotLedger, minute, positions, quarters
from hes.domain.time import DAY
from tests.factories import fleets

YESTERDAY = fleets.midnight(1) // DAY
SLOT = st.tuples(st.integers(1, 3), st.integers(0, 15), st.booleans())  # meter, bit, good
TRANSACTION = st.lists(SLOT, min_size=1, max_size=12)


def key(meter: int) -> Key:
    return Key(YESTERDAY, meter, Kind.S, 0)


def leave(asked: list[tuple[int, int, bool]]) -> list[tuple[int, int, bool]]:
    """One transaction that asks for single slots; what it may send."""
    ledger = SlotLedger()
    for meter, bit, good in asked:
        ledger.ask(key(meter), 1 << bit, good)
    with transaction.atomic(), connection.cursor() as cursor:
        ledger.decide(cursor)
    return [
        (meter, bit, good) for meter, bit, good in asked if ledger.take(key(meter), 1 << bit, good)
    ]


@pytest.mark.django_db
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(TRANSACTION, min_size=1, max_size=6))
def test_the_ledger_does_what_sets_do(transactions: list[list[tuple[int, int, bool]]]) -> None:
    fleets.make_partitions()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM slot_ledger")
    left: set[tuple[int, int]] = set()
    left_good: set[tuple[int, int]] = set()
    for asked in transactions:
        good = {(meter, bit) for meter, bit, is_good in asked if is_good}
        slots = {(meter, bit) for meter, bit, _ in asked}
        expected = {(*slot, True) for slot in good - left_good}
        expected |= {(*slot, False) for slot in slots - good - left}
        assert Counter(leave(asked)) == Counter(expected)
        left |= slots
        left_good |= good


@pytest.mark.django_db
def test_a_repeated_question_writes_nothing() -> None:
    fleets.make_partitions()
    assert leave([(1, 5, True)]) == [(1, 5, True)]
    before = _place()
    assert leave([(1, 5, True)]) == []
    assert _place() == before


def _place() -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid, fresh FROM slot_ledger")
        return cursor.fetchall()


@pytest.mark.django_db(transaction=True)
def test_two_writers_of_the_same_meters_share_the_slots_without_deadlock() -> None:
    """Both ask for every slot of 60 meters, in opposite order of asking, again and again."""
    fleets.make_partitions()
    start = threading.Barrier(2)
    taken: list[tuple[int, int, bool]] = []
    failures: list[Exception] = []

    def write(meters: list[int]) -> None:
        try:
            for bit in range(25):
                start.wait(20)
                taken.extend(leave([(meter, bit, True) for meter in meters]))
        except Exception as error:
            failures.append(error)
            start.abort()
        finally:
            connection.close()

    orders = list(range(1, 61)), list(range(60, 0, -1))
    writers = [threading.Thread(target=write, args=(order,)) for order in orders]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    assert Counter(taken) == Counter(
        (meter, bit, True) for meter in range(1, 61) for bit in range(25)
    )


@given(st.integers(0, 3), st.integers(1, 96), st.data())
def test_quarters_are_the_bits_of_their_slots(channel: int, slot: int, data: st.DataObject) -> None:
    period = data.draw(st.sampled_from([15, 30, 60]))
    step = period // 15
    count = data.draw(st.integers(1, (96 - slot) // step + 1))
    bits = quarters(channel, slot, count, period)
    assert list(positions(bits)) == [channel * 96 + slot - 1 + step * n for n in range(count)]
    assert bits < 1 << WIDTH


def test_channels_beyond_the_fourth_start_again_in_the_next_group() -> None:
    assert quarters(4, 1) == quarters(0, 1) == 1


@given(st.integers(0, 4), st.integers(1, 10 * DAY))
def test_an_interruption_takes_one_minute_of_its_day(phase: int, end: int) -> None:
    day, group, bits = minute(phase, end)
    (bit,) = positions(bits)
    first = day * DAY + ((group - phase * 4) * WIDTH + bit) * 60
    assert first < end <= first + 60
    assert group // 4 == phase


def test_interruptions_in_one_quarter_have_their_own_slots() -> None:
    ends = [fleets.midnight(1) + 60 * number for number in range(1, 16)]
    assert len({minute(1, end) for end in ends}) == 15
