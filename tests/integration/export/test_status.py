"""What operators see of the export."""

import io
import json
import re
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import override_settings

from devices.models import Alarm
from hes.lib.tables import table
from integration.export import horizon, lag
from integration.export.actions import status as action
from integration.export.cursor import Stream, take_over
from integration.export.drain import drain
from integration.export.lag import State
from integration.export.ownership import session_lock
from integration.export.status import as_json, describe
from integration.models import (
    BlobCopy,
    DeadLetter,
    ExportFile,
    SinkCursor,
    SinkReplay,
)
from tests.integration.export.writers import insert, lines, session, store

HUBS = {"EVENT_HUB_CONNECTION_STRING": "", "EVENT_HUB_NAMESPACE": "hub.example"}


def _page(**options):
    printed = []
    assert action.run(printed.append, **({"is_json": False} | options)) == 0
    return "\n".join(printed)


def _of(sink):
    return next(status for status in lag.sinks() if status.sink == sink)


def _hub(company, kind="S"):
    """A relay of this kind has begun; returns the sink's name."""
    sink = f"hub/demo/{kind}"
    take_over(sink, Stream(company.pk, kind))
    return sink


def _row(page, sink):
    return next(line.split() for line in page.splitlines() if line.startswith(sink))


@override_settings(**HUBS)
def test_status_before_the_first_start_names_what_the_settings_want(company):
    page = _page()
    assert _row(page, "csv_files")[1:3] == ["never", "started"]
    assert _row(page, "hub/demo/HPE")[1:3] == ["never", "started"]
    assert "blob  " not in page.splitlines()[1]


def test_status_shows_position_lag_and_files_of_today(company, today, yesterday, root):
    store(company, yesterday, lines(1))
    store(company, today, lines(1, 2))
    drain(root)
    store(company, today, lines(3, 1_200))
    page = _page()
    cursor = SinkCursor.objects.get()
    shown = _row(page, "csv_files")
    assert shown[1:3] == ["not", "served"]
    assert shown[3:7] == [
        str(cursor.xid), str(cursor.block_id), "1,200", f"{len(lines(3, 1_200)):,}",
    ]  # fmt: skip
    assert re.search(rf"demo/S_{today}.csv +2 +\d+ +open", page)
    assert f"demo/S_{yesterday}.csv" not in page


def test_a_hub_counts_the_blocks_of_its_own_stream_only(company, today):
    store(company, today, lines(1, 3), lines(4, 2))
    store(company, today, lines(1), kind="M")
    for kind in ("S", "M", "DC"):
        _hub(company, kind)
    assert [(status.sink, status.lag.lines) for status in lag.sinks()] == [
        ("hub/demo/DC", 0), ("hub/demo/M", 1), ("hub/demo/S", 5),
    ]  # fmt: skip
    assert _of("hub/demo/S").lag.bytes == len(lines(1, 5))
    assert 0 <= _of("hub/demo/S").lag.age < 60
    assert _of("hub/demo/DC").lag.age is None


def test_what_has_passed_a_sink_is_no_lag_even_of_a_smaller_id(company, today):
    sink = _hub(company)
    with session() as first, session() as second:
        insert(first, company, today, lines(1))
        position = insert(second, company, today, lines(2, 2))
        second.commit()
        first.commit()
    SinkCursor.objects.update(xid=position[0], block_id=position[1])
    assert _of(sink).lag.lines == 0


def test_the_state_tells_who_serves_a_sink_and_how_it_is(company):
    sink = _hub(company)
    rows = SinkCursor.objects.filter(sink=sink)
    assert _of(sink).state is State.NOT_SERVED
    with session_lock(sink):
        assert _of(sink).state is State.ENABLED
        rows.update(failing_since=Now() - timedelta(seconds=90), last_error="server busy")
        assert _of(sink).state is State.FAILING
        assert 90 <= _of(sink).failing < 120
        assert _row(_page(), sink)[-2:] == ["server", "busy"]
        rows.update(is_enabled=False)
        assert _of(sink).state is State.DISABLED


def test_the_lag_of_the_blob_sink_is_what_is_sealed_and_not_copied(company, today, root):
    store(company, today, lines(1, 2))
    drain(root)
    take_over("blob")
    assert _of("blob").lag.lines == 0
    file = ExportFile.objects.get()
    ExportFile.objects.update(sealed_at=Now() - timedelta(seconds=40))
    assert (_of("blob").lag.lines, _of("blob").lag.bytes) == (2, file.size)
    assert 40 <= _of("blob").lag.age < 60
    assert lag.copies_waiting() == 1
    place = {"container": "https://blob.example/hes", "day": today, "size": 1, "sha256": ""}
    BlobCopy.objects.create(path=file.path, done_at=Now(), **place)
    assert lag.copies_waiting() == 1, "its .done is not there yet"
    BlobCopy.objects.create(path=f"{file.path}.done", done_at=Now(), **place)
    assert (lag.copies_waiting(), _of("blob").lag.age) == (0, None)


def test_no_copy_waits_where_no_blobs_are_used(company, today, root):
    store(company, today, lines(1))
    drain(root)
    ExportFile.objects.update(sealed_at=Now())
    assert lag.copies_waiting() == 0


def test_status_shows_alarms_replays_and_dead_letters(company, today):
    sink = _hub(company)
    position = store_one(company, today, lines(1, 7))
    SinkCursor.objects.update(xid=position[0], block_id=position[1])
    Alarm.objects.create(name="sink_failing", subject=sink, text="the hub is unknown")
    Alarm.objects.create(name="sink_failing", subject="gone", text="over", cleared_at=Now())
    SinkReplay.objects.create(
        sink=sink, begins=Now() - timedelta(hours=1), ends=Now(), asked_by="alice", lines=9
    )
    DeadLetter.objects.create(
        sink=sink, dedup_id="1:0+1", key="1", content_type="text/csv", properties={}, body=b"1",
        reason="too large", tries=5,
    )  # fmt: skip
    page = _page()
    assert re.search(rf"sink_failing +{sink} .* the hub is unknown", page)
    assert re.search(rf"{sink} .* alice +9 +7\n", page)
    assert re.search(rf"DEAD LETTERS OF +COUNT\n{sink} +1$", page)
    assert "gone" not in page
    shown = json.loads(_page(is_json=True))
    assert shown["dead_letters"] == {sink: 1}
    assert shown["replays"][0]["left"] == 7
    assert [alarm["subject"] for alarm in shown["alarms"]] == [sink]


def store_one(company, day, text):
    with session() as connection:
        position = insert(connection, company, day, text)
        connection.commit()
    return position


def test_programs_read_states_and_positions_as_json(company):
    sink = _hub(company)
    shown = json.loads(as_json())["sinks"][0]
    assert (shown["sink"], shown["state"]) == (sink, "not served")
    assert shown["position"] == {"xid": 0, "block_id": 0}
    assert shown["lag"] == {"lines": 0, "bytes": 0, "age": None}


def test_status_names_the_process_that_holds_the_horizon_and_how_to_end_it(company, today):
    with session() as held:
        insert(held, company, today, lines(1))
        holder = horizon.holder()
        pid = held.get_backend_pid()
        assert holder.pid == pid
        assert holder.age >= 0
        assert f"pid {pid}" in describe()
        assert f"end it: SELECT pg_terminate_backend({pid})" in describe()
        held.rollback()


def test_the_lag_of_all_sinks_is_one_query(company, django_assert_num_queries):
    for kind in ("S", "M", "DC", "R"):
        _hub(company, kind)
    with django_assert_num_queries(1):
        lag.sinks()


def test_columns_are_aligned_with_their_heads():
    assert list(table([("NAME", "LINES"), ("a", "1,200"), ("long", "-")])) == [
        "NAME  LINES",
        "a     1,200",
        "long      -",
    ]


def test_once_prints_what_it_wrote(company, today, root):
    store(company, today, lines(1, 2))
    out = io.StringIO()
    call_command("export", "run", "--once", "--folder", str(root), stdout=out)
    assert re.search(rf"demo/S_{today}.csv +2 +[0-9a-f]{{64}}", out.getvalue())


def test_the_command_refuses_another_cluster_in_words(today, root):
    SinkCursor.objects.create(sink="csv_files", system_identifier=42)
    with pytest.raises(CommandError, match="belongs to the PostgreSQL cluster 42"):
        call_command("export", "run", "--folder", str(root))
    connection.close()
