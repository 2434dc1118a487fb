"""The exporter as a process: killed, doubled, disabled, stopped."""

import contextlib
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection

from devices.parameters import change
from devices.partitions import ensure
from integration.export.drain import drain
from integration.export.runner import Exporter
from integration.export.sinks.csv_files import CsvFiles
from integration.models import ExportFile, SinkCursor
from tests.integration.export.exporting import (
    assert_clean,
    exported_lines,
    exporter,
    fork,
    wait_for,
)
from tests.integration.export.writers import HEADER, insert, lines, session, store

KILLS = 50
OLD = 8  # days: then a sealed file is gzipped
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")


def _keep_writing(company, day, seed, stop, texts):
    """Transactions of one to three blocks, small and large, open for a moment."""
    dice = random.Random(seed)  # noqa: S311 - a repeatable course
    number = seed * 10_000_000
    with session() as writer:
        while not stop.is_set():
            for _ in range(dice.randint(1, 3)):
                count = dice.choice((1, 7, 3_000))
                text = lines(number, count)
                number += count
                position = insert(writer, company, day, text)
                time.sleep(dice.random() * 0.01)
                texts[position] = text
            writer.commit()


@contextlib.contextmanager
def _writers(company, day):
    texts, stop = {}, threading.Event()
    threads = [
        threading.Thread(target=_keep_writing, args=(company, day, seed, stop, texts))
        for seed in (1, 2, 3)
    ]
    for thread in threads:
        thread.start()
    try:
        yield texts
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def old_day(company, today):
    """A day whose files are sealed and gzipped as soon as they are written."""
    day = today - timedelta(days=OLD)
    ensure("export_block", day, day)
    for kind in ("S", "M", "DC", "VV"):
        store(company, day, *(lines(first, 2_000) for first in range(0, 40_000, 2_000)), kind=kind)
    return day


def test_an_exporter_killed_fifty_times_writes_each_line_once_and_in_order(
    company, today, old_day, root
):
    change(company, "export_max_bytes", "4000000")
    dice = random.Random(1)  # noqa: S311 - a repeatable course
    with _writers(company, today) as texts:
        for _ in range(KILLS):
            with exporter(root):
                time.sleep(0.02 + dice.random() * 0.2)
    with exporter(root):
        wait_for(lambda: ExportFile.objects.filter(gzipped_at__isnull=False).count() == 4, 120)
    drain(root)
    files = list(ExportFile.objects.filter(day=today).order_by("number"))
    contents = [(root / file.path).read_text() for file in files]
    assert all(content.startswith(HEADER) for content in contents)
    together = "".join(content.removeprefix(HEADER) for content in contents)
    assert together == "".join(text for _, text in sorted(texts.items()))
    assert [file.size for file in files] == [len(content) for content in contents]
    assert len(files) > 1
    assert SinkCursor.objects.get().owner_epoch > KILLS / 2, "the kills met working exporters"
    assert SinkCursor.objects.get().lines == exported_lines()
    assert_clean(today, root)
    assert_clean(old_day, root)


def test_old_files_that_are_sealed_after_the_first_look_are_gzipped_all_the_same(
    company, today, old_day, root
):
    with session() as holder, holder.cursor() as cursor, exporter(root):
        cursor.execute("SELECT pg_current_xact_id()")  # until it ends no day is complete
        wait_for(lambda: exported_lines() == 160_000)
        time.sleep(1.5)  # old files have been looked for, and none was sealed
        assert not ExportFile.objects.exclude(sealed_at=None).exists()
        holder.rollback()
        wait_for(lambda: ExportFile.objects.filter(gzipped_at__isnull=False).count() == 4)


def test_old_files_are_sealed_and_gzipped_while_blocks_keep_moving(company, today, old_day, root):
    with exporter(root):
        store(company, today, lines(1, 2))
        wait_for(lambda: ExportFile.objects.filter(gzipped_at__isnull=False).count() == 4, 120)
        store(company, today, lines(3, 2))
        wait_for(lambda: ExportFile.objects.get(day=today).lines == 4)
    assert not list((root / "demo").glob(f"*{old_day}.csv"))
    assert_clean(old_day, root)


def test_a_second_exporter_waits_and_takes_over_when_the_first_dies(company, today, root):
    with exporter(root) as first, contextlib.ExitStack() as spare:
        store(company, today, lines(1))
        wait_for(lambda: exported_lines() == 1)
        spare.enter_context(exporter(root))
        time.sleep(0.6)
        assert SinkCursor.objects.get().owner_epoch == 1, "the spare keeps off"
        first.kill()
        first.join()
        store(company, today, lines(2))
        wait_for(lambda: exported_lines() == 2, seconds=3)
        assert SinkCursor.objects.get().owner_epoch == 2
    assert (root / f"demo/S_{today}.csv").read_text() == HEADER + lines(1, 2)


def test_the_exporter_outlives_the_loss_of_its_database_session(company, today, root):
    with exporter(root), session() as admin, admin.cursor() as cursor:
        wait_for(lambda: SinkCursor.objects.exists())
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user"
            " AND datname = current_database() AND pid <> ALL(%s)",
            [[admin.get_backend_pid(), connection.connection.info.backend_pid]],
        )
        admin.commit()
        store(company, today, lines(1))
        wait_for(lambda: exported_lines() == 1)


def test_it_shows_that_it_lives_and_a_disabled_sink_does_not_move(company, today, root):
    stop = threading.Event()
    sink = Exporter(CsvFiles(root), stop)
    store(company, today, lines(1))
    thread = threading.Thread(target=sink.run)
    thread.start()
    try:
        wait_for(lambda: exported_lines() == 1)
        SinkCursor.objects.update(is_enabled=False)
        store(company, today, lines(2))
        signs = [sink.sign()]
        for _ in range(3):
            time.sleep(0.6)
            signs.append(sink.sign())
        assert signs == sorted(set(signs)), "a number that changes"
        assert exported_lines() == 1
        SinkCursor.objects.update(is_enabled=True)
        wait_for(lambda: exported_lines() == 2)
    finally:
        stop.set()
        thread.join()
    cursor = SinkCursor.objects.get()
    assert (cursor.lines, cursor.bytes) == (2, len(lines(1, 2)))
    assert sink.name == "csv_files"


def test_memory_stays_flat_however_much_there_is(company, today, root):
    text = lines(1, 5_000)
    connection.close()
    receiver, sender = fork.Pipe(duplex=False)

    def measure():
        for copies in (60, 400):
            _store_copies(company, today, text, copies)
            drain(root)
            sender.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    process = fork.Process(target=measure, daemon=True)
    process.start()
    small, large = receiver.recv(), receiver.recv()
    process.join()
    assert large - small < 20 * 1024, f"{large - small} kB more for seven times the lines"


def _store_copies(company, day, text, copies):
    with session() as writer, writer.cursor() as cursor:
        insert(writer, company, day, text)
        cursor.execute(
            "INSERT INTO export_block (kind, company_id, day, lines, size, is_compressed, body,"
            " devices, line_starts) SELECT kind, company_id, day, lines, size, is_compressed, body,"
            " devices, line_starts FROM (SELECT * FROM export_block LIMIT 1) AS one,"
            " generate_series(2, %s)",
            [copies],
        )
        writer.commit()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_ends_in_order_when_asked(company, today, root, number):
    store(company, today, lines(1))
    argv = [sys.executable, "-m", "hes.cli", "export", "run", "--folder", str(root)]
    with subprocess.Popen(argv, env=os.environ.copy(), stderr=subprocess.PIPE) as process:
        wait_for(lambda: exported_lines() == 1)
        process.send_signal(number)
        assert process.wait(5) == 0, process.stderr.read()
