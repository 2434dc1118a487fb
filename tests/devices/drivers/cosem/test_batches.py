"""Records into bounded batches."""

from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.cosem.batches import Batcher
from hes.domain.records import LoadProfileRun, lines_in


def profile(meter: int, count: int, channels: int) -> LoadProfileRun:
    columns = tuple((0,) * count if n < channels else None for n in range(6))
    return LoadProfileRun(meter.to_bytes(6, "big"), 1, 15, 900, 0, 0, count, columns)


records = st.lists(
    st.builds(profile, st.integers(0, 250), st.integers(1, 833), st.integers(0, 6)), max_size=300
)


@given(records)
def test_batches_hold_every_record_in_order_and_stay_within_both_bounds(given_records):
    batcher = Batcher()
    batches = [batch for record in given_records if (batch := batcher.add(record))]
    rest = batcher.rest()
    batches += [rest] if rest else []
    assert [record for batch in batches for record in batch.records] == given_records
    for batch in batches:
        assert batch.seen == {record.mac for record in batch.records}
        assert len(batch.seen) <= 100
        assert sum(map(lines_in, batch.records)) <= 5_000


def test_one_meter_may_cross_batches_only_between_runs():
    batcher = Batcher()
    assert batcher.add(profile(1, 800, 6)) is None
    full = batcher.add(profile(1, 800, 6))
    assert full is not None
    assert len(full.records) == 1


def test_an_empty_collection_makes_no_batch():
    assert Batcher().rest() is None
