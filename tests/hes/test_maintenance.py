"""`hes maintain`: makes what comes, lets go what was, as hes_owner and never for long."""

import io
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection

from devices import partition_drops
from devices.partition_drops import partitions_of
from devices.partitions import ensure
from hes import maintenance
from hes.management.commands.maintain import Command
from tests.database import as_owner, owner_cursor, worker_database

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = datetime.now(UTC).date()


@pytest.fixture
def old(settings) -> str:
    """A day of blocks just too old, with its partition."""
    day = TODAY - timedelta(days=settings.BLOCK_DAYS + 1)
    ensure("export_block", day, day)
    return f"export_block_{day:%Y%m%d}"


def test_making_partitions_gives_up_soon_where_another_change_is_in_the_way(monkeypatch):
    monkeypatch.setattr(partition_drops, "LOCK_TIMEOUT", "500ms")
    next_day = TODAY + timedelta(days=3)
    with as_owner(), connection.cursor() as cursor, owner_cursor(worker_database()) as other:
        maintenance.prepare()
        cursor.execute(f"DROP TABLE export_block_{next_day:%Y%m%d}")
        other.execute("BEGIN; LOCK TABLE export_block IN SHARE UPDATE EXCLUSIVE MODE")
        assert "no partitions made, tried again next time" in maintenance.prepare()
        other.execute("ROLLBACK")
        assert maintenance.prepare() == "1 partitions made"


def test_time_outs_end_with_the_run():
    with as_owner():
        list(maintenance.retire())
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone()[0] == "0"


def test_the_command_makes_what_comes_and_drops_what_was(old):
    out = io.StringIO()
    with as_owner():
        call_command("maintain", "--once", stdout=out)
    assert "partitions made" in out.getvalue()
    assert f"{old}  dropped: 0 blocks" in out.getvalue()
    assert partitions_of("export_block")[-1].begins >= TODAY + timedelta(days=3)


def test_hes_maintain_runs_as_the_owner_until_it_is_stopped(old):
    process = subprocess.Popen(
        [sys.executable, "-m", "hes.cli", "maintain", "--every", "60"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        told = [process.stdout.readline() for _ in range(2)]
        assert any(old in line and "dropped" in line for line in told), told
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_lost_database_ends_no_loop(monkeypatch):
    def lost():
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(maintenance, "prepare", lost)
    Command()._try_to_maintain(dry_run=False)
