"""What operators see of the export."""

import io
import re

import pytest
from django.core.management import CommandError, call_command

from integration.export import horizon
from integration.export.drain import drain
from integration.models import SinkCursor
from tests.integration.export.writers import insert, lines, session, store


def _status():
    out = io.StringIO()
    call_command("export", "status", stdout=out)
    return out.getvalue()


def test_status_before_the_first_start(today):
    assert "never started" in _status()


def test_status_shows_position_lag_and_files_of_today(company, today, yesterday, root):
    store(company, yesterday, lines(1))
    store(company, today, lines(1, 2))
    drain(root)
    store(company, today, lines(3, 1_200))
    page = _status()
    cursor = SinkCursor.objects.get()
    assert f"xid {cursor.xid}, block {cursor.block_id}" in page
    assert f"1,200 lines, {len(lines(3, 1_200)):,} bytes" in page
    assert re.search(rf"demo/S_{today}.csv +2 +\d+ +open", page)
    assert f"demo/S_{yesterday}.csv" not in page


def test_status_names_the_process_that_holds_the_horizon(company, today):
    with session() as held:
        insert(held, company, today, lines(1))
        holder = horizon.holder()
        assert holder.pid == held.get_backend_pid()
        assert holder.age >= 0
        assert f"pid {holder.pid}" in _status()
        held.rollback()


def test_once_prints_what_it_wrote(company, today, root):
    store(company, today, lines(1, 2))
    out = io.StringIO()
    call_command("export", "run", "--once", "--folder", str(root), stdout=out)
    assert re.search(rf"demo/S_{today}.csv +2 +[0-9a-f]{{64}}", out.getvalue())


def test_the_command_refuses_another_cluster_in_words(today, root):
    SinkCursor.objects.create(sink="csv_files", system_identifier=42)
    with pytest.raises(CommandError, match="belongs to the PostgreSQL cluster 42"):
        call_command("export", "run", "--folder", str(root))
