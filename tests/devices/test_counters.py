"""Invocation counters: each value once, whatever happens in between."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from devices import counters, keys
from devices.choices import Holder
from devices.models import InvocationCounter

pytestmark = pytest.mark.django_db(transaction=True)


def give_keys(*ids):
    for pk in ids:
        pair = {role: secrets.token_bytes(16) for role in keys.PAIR}
        keys.store(Holder.MODEL, pk, pair, company_id=keys.NO_COMPANY)


def taken(block):
    return [block.next() for _ in range(block.left)]


def test_a_block_gives_each_value_once_and_then_asks_for_another():
    give_keys(1)
    block = counters.reserve(Holder.MODEL, [1], count=3)[1]
    assert taken(block) == [0, 1, 2]
    with pytest.raises(counters.CounterExhausted):
        block.next()
    assert taken(counters.reserve(Holder.MODEL, [1], count=2)[1]) == [3, 4]


def test_all_meters_of_a_visit_are_reserved_by_one_statement(django_assert_num_queries):
    give_keys(1, 2, 3)
    with django_assert_num_queries(3):  # begin, one statement, commit
        blocks = counters.reserve(Holder.MODEL, [3, 1, 2])
    assert {pk: block.left for pk, block in blocks.items()} == {1: 1000, 2: 1000, 3: 1000}


def test_a_roll_back_could_give_values_twice_so_reserving_inside_a_transaction_is_refused():
    give_keys(1)
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        counters.reserve(Holder.MODEL, [1])


def test_workers_that_reserve_at_once_never_share_a_value():
    give_keys(1)

    def worker(_):
        try:
            return [value for _ in range(5) for value in taken(reserve_ten())]
        finally:
            connection.close()

    def reserve_ten():
        return counters.reserve(Holder.MODEL, [1], count=10)[1]

    with ThreadPoolExecutor(4) as pool:
        values = [value for part in pool.map(worker, range(4)) for value in part]
    assert sorted(values) == list(range(200))


def test_a_new_key_counts_from_zero():
    give_keys(1)
    counters.reserve(Holder.MODEL, [1])
    give_keys(1)
    block = counters.reserve(Holder.MODEL, [1])[1]
    assert (block.version, block.next(), block.server_last) == (2, 0, -1)


def test_a_device_without_key_is_named():
    with pytest.raises(counters.NoKey, match=r"model \[5\]"):
        counters.reserve(Holder.MODEL, [5])


def test_a_session_goes_on_under_its_key_though_another_became_active():
    give_keys(1)
    counters.reserve(Holder.MODEL, [1], count=3)
    give_keys(1)
    block = counters.reserve_more(Holder.MODEL, 1, version=1, count=2)
    assert (block.version, taken(block)) == (1, [3, 4])
    assert taken(counters.reserve(Holder.MODEL, [1], count=2)[1]) == [0, 1]


def test_the_device_counter_is_remembered_and_never_falls():
    give_keys(1)
    counters.reserve(Holder.MODEL, [1])
    counters.note_server_counter(Holder.MODEL, 1, 1, 70)
    counters.note_server_counter(Holder.MODEL, 1, 1, 60)
    assert counters.reserve(Holder.MODEL, [1])[1].server_last == 70


def test_recovery_raises_the_counter_and_leaves_a_trace_without_values(caplog):
    give_keys(1)
    counters.reserve(Holder.MODEL, [1])
    counters.raise_to(Holder.MODEL, 1, 1, 123_456)
    counters.raise_to(Holder.MODEL, 1, 1, 1_000)
    assert counters.reserve(Holder.MODEL, [1])[1].next() == 123_456
    assert "invocation counter of model 1 raised" in caplog.text
    assert "123456" not in caplog.text.replace("_", "")


def test_a_used_up_key_says_so_and_takes_nothing():
    give_keys(1)
    counters.reserve(Holder.MODEL, [1])
    counters.raise_to(Holder.MODEL, 1, 1, counters.LIMIT - 5)
    with pytest.raises(counters.CounterExhausted, match="change it"):
        counters.reserve(Holder.MODEL, [1], count=10)
    assert InvocationCounter.objects.get().next_free == counters.LIMIT - 5
