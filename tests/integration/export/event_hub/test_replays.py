"""A span of time sent again beside the live stream."""

import time
from datetime import UTC, datetime, timedelta

from devices.models import ExportBlock
from devices.parameters import change
from integration.models import SinkCursor, SinkReplay
from tests.integration.export.event_hub.serving import (
    cursor_of,
    is_drained,
    received_lines,
    repeats,
    serving,
    stored_lines,
    wait_for,
)
from tests.integration.export.writers import lines, store


def _ask(begins, ends, sink="hub/demo/S"):
    return SinkReplay.objects.create(sink=sink, begins=begins, ends=ends, asked_by="somebody")


def _moments():
    return list(ExportBlock.objects.order_by("id").values_list("recorded_at", flat=True))


def _is_done():
    return not SinkReplay.objects.filter(done_at=None).exists()


def test_the_blocks_recorded_within_a_span_come_again(company, today, hub, access, impatient):
    store(company, today, lines(1, 5), lines(6, 5), lines(11, 5), lines(16, 5))
    with serving(access, impatient):
        wait_for(lambda: is_drained(company, "S"))
        moments = _moments()
        replay = _ask(moments[1], moments[3])
        _ask(moments[0], moments[1], sink="hub/demo/HPE")
        wait_for(_is_done)
    messages = hub.read("hes-s")
    again = b"".join(message.body for message in messages[4:]).decode()
    assert again == lines(6, 10)
    assert repeats(messages) == 2
    replay.refresh_from_db()
    assert (replay.lines, replay.packing) == (10, "1/csv/0/56000")
    assert cursor_of("S").lines == 30
    assert hub.read("hes-hpe") == []


def test_a_replay_keeps_its_packing_and_never_passes_the_live_position(
    company, today, hub, access, impatient
):
    change(company, "hub_packing", "S=3")
    with serving(access, impatient):
        store(company, today, lines(1, 20))
        wait_for(lambda: is_drained(company, "S"))
        SinkCursor.objects.update(is_enabled=False)
        store(company, today, lines(21, 5))
        replay = _ask(*_whole_day())
        SinkReplay.objects.update(packing="1/csv/8/56000")
        time.sleep(0.8)
        assert len(hub.read("hes-s")) == 7, "a disabled sink serves nothing"
        SinkCursor.objects.update(is_enabled=True)
        wait_for(lambda: _is_done() and is_drained(company, "S"))
    messages = hub.read("hes-s")
    counts = [message.properties["lines"] for message in messages]
    assert counts == [3] * 6 + [2] + [3, 2] + [8, 8, 4, 5], "what is live goes first"
    assert received_lines(messages) == stored_lines(company, "S")
    replay.refresh_from_db()
    assert replay.lines == 25


def _whole_day():
    now = datetime.now(UTC)
    return now - timedelta(days=1), now + timedelta(days=1)
