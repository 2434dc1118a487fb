"""What the benchmarks of the hub store, send and count, once around with few lines."""

import asyncio
import json

import pytest
from azure.eventhub import EventData

from benchmarks import export
from benchmarks.blocks import day_batches, lines_of, make_company, store_all
from benchmarks.encoding import runs, texts
from benchmarks.events import EVENTS, LINES, LPE, events_of
from benchmarks.hubs import found, local_hub, sent
from benchmarks.relaying import relaying, route_of


def test_the_two_sizes_of_the_export_are_those_it_tells_of():
    per_meter = lines_of([list(texts(runs(1, rows=export.ROWS)))])
    assert export.MANY * per_meter == 1_000_000
    assert export.FEW * per_meter == 250_000


def test_samples_are_shared_out_to_batches_without_loss():
    batches = day_batches(120, rows=export.ROWS)
    assert [len(batch) for batch in batches] == [50, 50, 20]
    assert lines_of(batches) == 12_000


def test_events_come_in_small_blocks_each_of_another_meter():
    batches = events_of(120)
    assert [len(batch) for batch in batches] == [LINES, LINES, 20]
    meters = {text.split(";")[1] for batch in batches for _, text in batch}
    assert len(meters) == 120
    assert EVENTS == 100_000


@pytest.mark.django_db(transaction=True)
def test_the_relay_sends_what_was_stored_and_every_copy_in_a_hub_is_counted(tmp_path):
    make_company()
    with local_hub(tmp_path, "hes-lpe") as access, relaying(access, route_of("LPE")) as send:
        for goal in (120, 240):
            store_all(events_of(120), LPE)
            assert send(120) > 0
            assert sent("hub/bench/LPE") == goal
        asyncio.run(_send_twice(access.producer("hes-lpe", None), "copy", "a\nb\n"))
        lines = found(access, "hes-lpe")
    assert lines.pop("copy") == 4
    assert (len(lines), lines.total()) == (240, 240)


async def _send_twice(client, name, body):
    for _ in range(2):
        event = EventData(body)
        event.message_id = name
        await client.send_batch([event], partition_id="0")
    await client.close()


def test_the_round_trip_is_told_to_the_hub_before_it_starts(tmp_path):
    with local_hub(tmp_path, "hes-s", round_trip_ms=10.0):
        [faults] = tmp_path.glob("eventhub-*/faults.json")
        assert json.loads(faults.read_text()) == {"round_trip_ms": 10.0}
