"""Old days leave the database when nobody needs them any more, and not before."""

import time
from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection
from django.db.models.functions import Now

from devices import partition_drops, retirement
from devices.models import ExportBlock
from devices.parameters import change
from devices.partition_drops import Partition, Step, detach, partitions_of
from devices.partitions import ensure
from hes import maintenance
from integration.export import disabling
from integration.export.cursor import Stream, take_over
from integration.export.drain import drain
from integration.export.sealing import seal_next
from integration.models import ExportAct, SinkCursor, SinkReplay
from tests.database import as_owner
from tests.integration.export.writers import lines, session, store

KEPT_DAYS = 35


@pytest.fixture(autouse=True)
def _block_days(settings):
    settings.BLOCK_DAYS = KEPT_DAYS


@pytest.fixture
def old(today):
    """A day just too old, with its partition."""
    day = today - timedelta(days=KEPT_DAYS + 1)
    ensure("export_block", day, day)
    return day


def _maintain(**options):
    """What it says of each old partition of blocks, by day."""
    with as_owner():
        found = list(maintenance.retire(**options))
    return {verdict.name: verdict for verdict in found if verdict.name.startswith("export_block")}


def _name(day):
    return f"export_block_{day:%Y%m%d}"


def _verdict(day, **options):
    return _maintain(**options)[_name(day)]


def _sealed(root):
    drain(root)
    owner = take_over("csv_files")
    while seal_next(owner, root):
        pass


def _exists(day):
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [_name(day)])
        return cursor.fetchone()[0]


def test_a_day_whose_files_are_sealed_is_dropped_and_the_deed_is_kept(company, old, root):
    store(company, old, lines(1, 3), lines(4, 2))
    _sealed(root)
    verdict = _verdict(old)
    assert verdict.is_dropped
    assert str(verdict) == f"{_name(old)}  dropped: 2 blocks, 5 lines, passed by every sink"
    assert not _exists(old)
    act = ExportAct.objects.get(act="partition dropped", subject=_name(old))
    assert act.detail == {"day": str(old), "blocks": 2, "lines": 5, "given_up": {}}
    assert (root / f"demo/S_{old}.csv").exists()


def test_a_day_within_the_setting_is_left_alone(company, today, root):
    day = today - timedelta(days=KEPT_DAYS)
    ensure("export_block", day, day)
    store(company, day, lines(1))
    _sealed(root)
    assert _name(day) not in _maintain()
    assert ExportBlock.objects.filter(day=day).exists()


def test_a_day_without_any_block_is_dropped_though_no_sink_ever_started(old):
    assert _verdict(old).is_dropped


def test_a_day_is_kept_until_its_files_are_sealed(company, old, root):
    store(company, old, lines(1))
    assert _verdict(old).why == "its files are not sealed"
    drain(root)
    assert _verdict(old).why == "its files are not sealed"
    _sealed(root)
    assert _verdict(old).is_dropped


def test_a_hub_that_has_not_passed_a_day_keeps_it_and_is_named(company, old, root):
    store(company, old, lines(1, 400), lines(500, 12_000))
    store(company, old, lines(1), kind="M")
    _sealed(root)
    take_over("hub/demo/S", Stream(company.pk, "S"))
    take_over("hub/demo/DC", Stream(company.pk, "DC"))
    take_over("blob")
    verdict = _verdict(old)
    assert not verdict.is_dropped
    assert verdict.why == "hub/demo/S has 12,400 lines of it left"
    assert ExportBlock.objects.filter(day=old).count() == 3
    csv = SinkCursor.objects.get(sink="csv_files")
    SinkCursor.objects.filter(sink="hub/demo/S").update(xid=csv.xid, block_id=csv.block_id)
    assert _verdict(old).is_dropped


def test_a_sink_that_was_given_up_keeps_only_what_came_later(company, old, root):
    store(company, old, lines(1, 3))
    _sealed(root)
    take_over("hub/demo/S", Stream(company.pk, "S"))
    recorded_at = ExportBlock.objects.get(day=old).recorded_at
    disabling.disable("hub/demo/S", recorded_at - timedelta(microseconds=1))
    assert _verdict(old).why == "hub/demo/S has 3 lines of it left"
    disabling.disable("hub/demo/S", recorded_at)
    verdict = _verdict(old)
    assert verdict.is_dropped
    assert verdict.why.endswith("but those given up: hub/demo/S loses 3 lines")
    resumed = disabling.enable("hub/demo/S")
    assert (resumed.lost_lines, resumed.lost_days) == (3, [old])


def test_files_given_up_need_not_be_sealed(company, old, root):
    store(company, old, lines(1, 3))
    drain(root)
    recorded_at = ExportBlock.objects.get(day=old).recorded_at
    disabling.disable("csv_files", recorded_at - timedelta(microseconds=1))
    assert _verdict(old).why == "its files are not sealed"
    disabling.disable("csv_files", recorded_at)
    assert _verdict(old).is_dropped


def test_an_open_replay_keeps_the_days_it_reads(company, old, root):
    store(company, old, lines(1))
    _sealed(root)
    csv = SinkCursor.objects.get()
    take_over("hub/demo/S", Stream(company.pk, "S"))
    SinkCursor.objects.update(xid=csv.xid, block_id=csv.block_id)
    replay = SinkReplay.objects.create(
        sink="hub/demo/S", begins=f"{old}T06:00Z", ends=f"{old}T07:00Z", asked_by="alice"
    )
    assert _verdict(old).why == "a replay of hub/demo/S needs it"
    SinkReplay.objects.filter(pk=replay.pk).update(done_at=Now())
    assert _verdict(old).is_dropped


def test_a_dry_run_drops_nothing(old):
    assert "a dry run, else dropped: 0 blocks" in _verdict(old, dry_run=True).why
    assert _exists(old)


def test_recording_goes_on_while_a_partition_waits_to_be_detached(company, today, old, monkeypatch):
    """A long reader holds the detaching up; writers never wait, and the next run finishes it."""
    monkeypatch.setattr(partition_drops, "LOCK_TIMEOUT", "1s")
    with session() as reader, reader.cursor() as looking:
        looking.execute("SELECT count(*) FROM export_block")
        verdict = _verdict(old)
        assert "tried again next time: canceling statement due to lock timeout" in verdict.why
        began = time.monotonic()
        store(company, today, lines(1))
        assert time.monotonic() - began < 1
        assert [p.step for p in partitions_of("export_block") if p.begins == old] == [
            Step.HALF_DETACHED
        ]
    assert _verdict(old).is_dropped
    assert not _exists(old)


def test_a_run_killed_between_detaching_and_dropping_is_finished_by_the_next(company, old, root):
    store(company, old, lines(1, 2))
    _sealed(root)
    with as_owner():
        detach(next(p for p in partitions_of("export_block") if p.begins == old))
    assert ExportBlock.objects.filter(day=old).count() == 0
    assert _verdict(old).is_dropped
    assert ExportAct.objects.get(subject=_name(old)).detail["lines"] == 2
    assert not _exists(old)


def test_what_came_between_the_look_and_the_detaching_puts_the_day_back(
    company, old, root, monkeypatch
):
    store(company, old, lines(1, 2))
    _sealed(root)

    def detach_late(partition: Partition) -> None:
        if partition.name == _name(old):
            store(company, old, lines(3))
        detach(partition)

    monkeypatch.setattr(retirement, "detach", detach_late)
    assert "csv_files has 1 lines of it left" in _verdict(old).why
    monkeypatch.undo()
    assert [p.step for p in partitions_of("export_block") if p.begins == old] == [Step.ATTACHED]
    assert ExportBlock.objects.filter(day=old).count() == 2


def test_a_table_that_somebody_else_detached_is_none_of_ours(old):
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE export_block DETACH PARTITION {_name(old)}")
    assert _name(old) not in _maintain()
    assert _exists(old)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {_name(old)}")


def test_two_at_once_are_harmless(old):
    with session() as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('hes.sink'), hashtext('maintenance'))")
        assert _maintain() == {}
    assert _verdict(old).is_dropped


def test_the_ledger_goes_days_after_the_longest_that_a_company_keeps(company, today):
    change(company, "ledger_days", "60")
    oldest, young = today - timedelta(days=66), today - timedelta(days=65)
    ensure("slot_ledger", oldest, young)
    with as_owner():
        dropped = [verdict.name for verdict in maintenance.retire() if verdict.is_dropped]
    assert f"slot_ledger_{oldest:%Y%m%d}" in dropped
    assert f"slot_ledger_{young:%Y%m%d}" not in dropped


def test_the_application_may_not_drop_a_partition(old):
    with pytest.raises(ProgrammingError, match="must be owner"):
        detach(next(p for p in partitions_of("export_block") if p.begins == old))
    assert _exists(old)
