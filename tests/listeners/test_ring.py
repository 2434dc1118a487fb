"""What waits between the loop and the writer."""

from listeners.batches import single
from listeners.ring import Ring


def _batch(number: int):
    return single(b"a", 1, ("10.0.0.1", 1), 1, number)


def test_batches_come_out_as_they_went_in_up_to_a_number():
    ring = Ring()
    for number in range(5):
        ring.put(_batch(number))
    assert [batch.received_at for batch in ring.take(3, 10_000)] == [0, 1, 2]
    assert ring.oldest_at == 3
    assert [batch.received_at for batch in ring.take(3, 10_000)] == [3, 4]
    assert ring.take(3, 10_000) == []
    assert ring.oldest_at is None


def test_one_batch_comes_out_however_heavy_it_is():
    ring = Ring()
    ring.put(_batch(0))
    ring.put(_batch(1))
    assert len(ring.take(10, 1)) == 1


def test_it_tells_when_it_is_crowded_and_full_and_has_room_again():
    weight = _batch(0).weight
    ring = Ring(limit=4 * weight)
    told = []
    for number in range(4):
        ring.put(_batch(number))
        told.append((ring.is_crowded, ring.is_full))
    assert told == [(False, False), (True, False), (True, False), (True, True)]
    ring.take(3, 10_000)
    assert (ring.is_crowded, ring.is_full) == (False, False)
