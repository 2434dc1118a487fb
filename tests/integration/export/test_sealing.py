"""A day is closed when nothing of it can still appear, and then for good."""

import hashlib
import json
import threading
from contextlib import closing
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection

from devices.outbox.blocks import Blocks
from devices.recording.work import recording
from integration.export.cursor import OwnershipLost, take_over
from integration.export.drain import drain
from integration.export.sealing import seal_next
from integration.export.sinks.csv_files import CsvFiles
from integration.export.sinks.daily_file import FileTrouble
from integration.models import ExportDay, ExportFile
from tests.database import owner_cursor, worker_database
from tests.integration.export.exporting import assert_clean, seal_all
from tests.integration.export.writers import HEADER, insert, lines, session, store


def _names(root):
    return sorted(path.name for path in (root / "demo").iterdir())


def test_todays_files_stay_open(company, today, root):
    store(company, today, lines(1))
    drain(root)
    assert seal_all(root) == 0
    assert _names(root) == [f"S_{today}.csv"]


def test_an_ended_day_gets_done_files_and_one_manifest(company, yesterday, root):
    store(company, yesterday, lines(1, 2))
    store(company, yesterday, lines(3), kind="M")
    drain(root)
    assert seal_all(root) == 3
    content = (HEADER + lines(1, 2)).encode()
    summary = {"rows": 2, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert json.loads((root / f"demo/S_{yesterday}.csv.done").read_bytes()) == summary
    manifest = json.loads((root / f"demo/manifest_{yesterday}.json").read_bytes())
    assert manifest["day"] == str(yesterday)
    file = ExportFile.objects.get(kind="S")
    entry = summary | {
        "name": f"S_{yesterday}.csv",
        "first": [file.first_xid, file.first_id],
        "last": [file.last_xid, file.last_id],
    }
    assert [entry["name"] for entry in manifest["files"]] == [
        f"M_{yesterday}.csv",
        f"S_{yesterday}.csv",
    ]
    assert manifest["files"][1] == entry
    assert file.sha256 == summary["sha256"]
    assert seal_all(root) == 0


def test_a_transaction_held_open_over_midnight_keeps_its_day_open(company, yesterday, root):
    with session() as held:
        store(company, yesterday, lines(1))
        drain(root)
        insert(held, company, yesterday, lines(2))
        assert seal_all(root) == 0
        assert ExportDay.objects.get().fence is not None
        held.commit()
    assert seal_all(root) == 0, "its block is visible but not in the file yet"
    drain(root)
    assert seal_all(root) == 2
    assert (root / f"demo/S_{yesterday}.csv").read_text() == HEADER + lines(1, 2)


@pytest.fixture
def midnight(today):
    """A clock of the database that a session may set: it believes its own `clock_timestamp()`."""
    with owner_cursor(worker_database()) as cursor:
        cursor.execute("CREATE SCHEMA midnight")
        cursor.execute(
            "CREATE FUNCTION midnight.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
            " $$ SELECT pg_catalog.clock_timestamp() - current_setting('hes.late')::interval $$"
        )
        cursor.execute("GRANT USAGE ON SCHEMA midnight TO PUBLIC")
        yield datetime.combine(today, time(), UTC)
        cursor.execute("DROP SCHEMA midnight CASCADE")


def _record_shortly_before(midnight, company, text, opened, go_on, is_early):
    """The engine's own recording transaction, begun a second before midnight and kept open."""
    late = datetime.now(UTC) - midnight + timedelta(seconds=1)
    with closing(connection), connection.cursor() as settings:
        settings.execute("SET search_path = midnight, pg_catalog, public")
        settings.execute("SELECT set_config('hes.late', %s, false)", [f"{late.total_seconds()} s"])
        with recording(lambda _: None) as (cursor, moment):
            blocks = Blocks(company.pk, None)
            blocks.add("S", 0, 1, text)
            if is_early:
                blocks.store(cursor, moment.date())
            opened.set()
            assert go_on.wait(20)
            if not is_early:
                blocks.store(cursor, moment.date())


@pytest.mark.parametrize("is_early", [True, False], ids=["block before", "block after midnight"])
def test_a_recording_transaction_that_is_open_over_midnight_makes_the_file_wait(
    company, yesterday, midnight, root, is_early
):
    store(company, yesterday, lines(1))
    drain(root)
    opened, go_on = threading.Event(), threading.Event()
    values = (midnight, company, lines(2, 3), opened, go_on, is_early)
    recorder = threading.Thread(target=_record_shortly_before, args=values)
    recorder.start()
    try:
        assert opened.wait(10)
        assert seal_all(root) == 0, "the day has ended by the clock, the file waits"
        assert ExportDay.objects.get().fence is not None
        assert _names(root) == [f"S_{yesterday}.csv"]
    finally:
        go_on.set()
        recorder.join(20)
    assert seal_all(root) == 0, "the block is there and not yet in the file"
    drain(root)
    assert seal_all(root) == 2
    assert (root / f"demo/S_{yesterday}.csv").read_text() == HEADER + lines(1, 4)
    assert_clean(yesterday, root)


def test_a_transaction_that_began_after_the_fence_does_not_hold_the_day(
    company, today, yesterday, root
):
    store(company, yesterday, lines(1))
    drain(root)
    with session() as reader, session() as writer, reader.cursor() as cursor:
        cursor.execute("SELECT 1")
        owner = take_over(CsvFiles.name)
        assert seal_next(owner, root), "the fence is drawn and passed, the file is sealed"
        insert(writer, company, today, lines(2))
        assert seal_next(owner, root), "the day is sealed beside an open transaction"
        writer.rollback()
    assert ExportDay.objects.get().sealed_at


@pytest.mark.parametrize("steps_before", [0, 1])
def test_sealing_repeats_itself_after_a_kill_between_disk_and_ledger(
    company, yesterday, root, monkeypatch, steps_before
):
    store(company, yesterday, lines(1))
    drain(root)
    owner = take_over(CsvFiles.name)
    for _ in range(steps_before):
        seal_next(owner, root)
    with monkeypatch.context() as patch:
        patch.setattr("integration.export.sealing.hold", _die)
        with pytest.raises(KeyboardInterrupt):
            seal_next(owner, root)
    assert seal_all(root) == 2 - steps_before
    assert _names(root) == [
        f"S_{yesterday}.csv",
        f"S_{yesterday}.csv.done",
        f"manifest_{yesterday}.json",
    ]


def _die(_):
    raise KeyboardInterrupt


def test_an_exporter_that_lost_its_epoch_seals_nothing(company, yesterday, root):
    store(company, yesterday, lines(1))
    drain(root)
    late = take_over(CsvFiles.name)
    take_over(CsvFiles.name)
    with pytest.raises(OwnershipLost):
        seal_next(late, root)
    assert _names(root) == [f"S_{yesterday}.csv"]


def test_a_block_for_a_sealed_day_opens_a_further_file_and_manifest(company, yesterday, root):
    store(company, yesterday, lines(1))
    drain(root)
    seal_all(root)
    sealed = {path.name: path.read_bytes() for path in (root / "demo").iterdir()}
    store(company, yesterday, lines(2))
    drain(root)
    assert seal_all(root) == 2
    for name, content in sealed.items():
        assert (root / "demo" / name).read_bytes() == content
    assert (root / f"demo/S_{yesterday}_2.csv").read_text() == HEADER + lines(2)
    manifest = json.loads((root / f"demo/manifest_{yesterday}_2.json").read_bytes())
    assert len(manifest["files"]) == 2


def test_a_file_changed_by_hand_is_not_sealed(company, yesterday, root):
    store(company, yesterday, lines(1, 3))
    drain(root)
    path = root / f"demo/S_{yesterday}.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b" ", 1))
    with pytest.raises(FileTrouble, match="was changed"):
        seal_all(root)
    assert not path.with_name(f"{path.name}.done").exists()
