"""A full or read-only volume, a damaged block: intake goes on, the sink waits and catches up."""

import resource
import shutil
import time

import psycopg2
import pytest
from django.db import OperationalError, connection

from devices import alarms
from devices.outbox.blocks import Blocks
from devices.outbox.layouts import HEADERS
from devices.recording.work import recording
from integration.export import ledger, runner
from integration.export.cursor import take_over
from integration.export.drain import drain
from integration.export.sinks.csv_files import CsvFiles
from integration.models import ExportFile, SinkCursor
from tests.database import owner_cursor, worker_database
from tests.integration.export.exporting import (
    assert_clean,
    exported_lines,
    exporter,
    read_only,
    small_volume,
    volume_to_lock,
    wait_for,
)
from tests.integration.export.writers import HEADER, lines, store

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")

EVENT = f"{';' * HEADERS['LPE'].count(';')}\n"


def record(company, text, kind="S"):
    """As the engine records: returns the seconds it took."""
    began = time.monotonic()
    with recording(lambda _: None) as (cursor, moment):
        blocks = Blocks(company.pk, None)
        blocks.add(kind, 0, 1, text)
        blocks.store(cursor, moment.date())
    return time.monotonic() - began


def is_failing(name="sink_failing"):
    """Whether the sink says so, in its row and by an alarm."""
    row = SinkCursor.objects.get(sink="csv_files")
    alarm = alarms.open_alarms().filter(name=name, subject="csv_files").first()
    return row.failing_since is not None and alarm is not None and row.last_error in alarm.text


def is_well():
    """The opposite."""
    row = SinkCursor.objects.get(sink="csv_files")
    return row.failing_since is None and not row.last_error and not alarms.open_alarms().exists()


def test_a_full_disk_tears_no_line_and_is_caught_up_afterwards(company, today, root):
    path = root / f"demo/S_{today}.csv"
    with exporter(root) as process:
        store(company, today, lines(1))
        wait_for(lambda: exported_lines() == 1)
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        full = path.stat().st_size + 100
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (full, hard))
        store(company, today, lines(2, 10), lines(12, 10))
        wait_for(is_failing)
        assert path.read_text() == HEADER + lines(1)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        wait_for(lambda: exported_lines() == 21)
    assert path.read_text() == HEADER + lines(1, 21)
    assert_clean(today, root)


def test_a_full_volume_stops_neither_intake_nor_what_comes_after(company, today, root):
    folder = root / "demo"
    filler = folder / "filler"
    with small_volume(folder), exporter(root):
        record(company, lines(1))
        wait_for(lambda: exported_lines() == 1)
        filler.write_bytes(bytes(shutil.disk_usage(folder).free - 8192))
        seconds = [record(company, lines(first, 1_000)) for first in range(2, 10_002, 1_000)]
        wait_for(is_failing)
        assert "No space left" in SinkCursor.objects.get().last_error
        seconds.append(record(company, EVENT, kind="LPE"))
        assert max(seconds) < 2, "recording does not wait for the sink"
        assert exported_lines() < 10_000
        assert_clean(today, root)
        filler.unlink()
        wait_for(lambda: exported_lines() == 10_002, seconds=20)
        wait_for(is_well)
        assert (folder / f"S_{today}.csv").read_text() == HEADER + lines(1, 10_001)
        assert_clean(today, root)


def test_a_read_only_volume_stops_neither_intake_nor_what_comes_after(company, today, root):
    folder = root / "demo"
    with volume_to_lock(folder), exporter(root):
        record(company, lines(1))
        wait_for(lambda: exported_lines() == 1)
        with read_only(folder):
            assert record(company, lines(2, 50)) < 2
            assert record(company, lines(1), kind="M") < 2
            wait_for(is_failing)
            assert exported_lines() == 1
            assert_clean(today, root)
        wait_for(lambda: exported_lines() == 52, seconds=20)
        wait_for(is_well)
        assert (folder / f"S_{today}.csv").read_text() == HEADER + lines(1, 51)
        assert_clean(today, root)


def test_an_export_folder_that_is_read_only_from_the_start_is_waited_for(company, today, root):
    record(company, lines(1))
    with volume_to_lock(root):
        with read_only(root), exporter(root):
            wait_for(lambda: alarms.open_alarms().filter(name="sink_failing").exists())
            assert exported_lines() == 0
        with exporter(root):
            wait_for(lambda: exported_lines() == 1)
            wait_for(is_well)
        assert_clean(today, root)


def test_a_damaged_block_holds_the_sink_before_it_until_its_owner_has_seen_to_it(
    company, today, root
):
    with exporter(root):
        store(company, today, lines(1))
        wait_for(lambda: exported_lines() == 1)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO export_block (kind, company_id, day, lines, size, is_compressed, body,"
                " devices, line_starts)"
                " VALUES ('S', %s, %s, 9, 4, false, 'torn', '{}', '{}') RETURNING id",
                [company.pk, today],
            )
            damaged = cursor.fetchone()
        store(company, today, lines(2))
        wait_for(is_failing)
        assert "claims (lines, bytes) (9, 4)" in SinkCursor.objects.get().last_error
        assert exported_lines() == 1
        with owner_cursor(worker_database()) as cursor:
            cursor.execute("DELETE FROM export_block WHERE id = %s", damaged)
        wait_for(lambda: exported_lines() == 2, seconds=20)
        wait_for(is_well)
    assert (root / f"demo/S_{today}.csv").read_text() == HEADER + lines(1, 2)


def test_a_file_that_was_cut_by_hand_raises_an_alarm_until_it_is_back(company, today, root):
    path = root / f"demo/S_{today}.csv"
    store(company, today, lines(1, 3))
    drain(root)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with exporter(root):
        store(company, today, lines(4))
        wait_for(lambda: is_failing("file_trouble"))
        path.write_bytes(whole)
        wait_for(lambda: exported_lines() == 4, seconds=20)
        wait_for(is_well)
    assert_clean(today, root)


def test_a_file_that_cannot_be_sealed_keeps_no_block_waiting(
    company, today, yesterday, root, monkeypatch
):
    monkeypatch.setattr(runner, "SEAL_PAUSE", 0.3)
    store(company, yesterday, lines(1, 3))
    drain(root)
    path = root / f"demo/S_{yesterday}.csv"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"\n", b" ", 1))
    with exporter(root):
        wait_for(lambda: alarms.open_alarms().filter(subject="sealing").exists())
        store(company, today, lines(1))
        wait_for(lambda: exported_lines() == 4, seconds=2)
        assert "was changed" in alarms.open_alarms().get().text
        path.write_bytes(whole)
        wait_for(lambda: ExportFile.objects.filter(sealed_at__isnull=False).exists())
        wait_for(lambda: not alarms.open_alarms().exists())
    assert_clean(yesterday, root)


def test_a_session_that_is_lost_while_committing_is_a_database_fault(
    company, today, root, monkeypatch
):
    def lost(*_):
        raise psycopg2.OperationalError("server closed the connection unexpectedly")

    store(company, today, lines(1))
    sink, owner = CsvFiles(root), take_over(CsvFiles.name)
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "execute_values", lost)
        with pytest.raises(OperationalError, match="closed the connection"):
            sink.move(owner)
    assert exported_lines() == 0
    drain(root)
    assert_clean(today, root)
