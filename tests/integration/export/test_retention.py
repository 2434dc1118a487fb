"""Old files are gzipped and removed when their time has come, and a kill spoils none of them."""

import errno
import gzip
import hashlib
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from devices import alarms
from devices.models import Company
from devices.parameters import change
from devices.partitions import ensure
from integration.export import retention
from integration.export.actions import files as files_action
from integration.export.cursor import OwnershipLost, take_over
from integration.export.drain import drain
from integration.export.ownership import ownership
from integration.export.retention import finish_interrupted, tend
from integration.export.sinks import daily_file
from integration.export.sinks.csv_files import CsvFiles
from integration.models import BlobCopy, ExportAct, ExportDay, ExportFile, SinkCursor
from tests.integration.export.exporting import assert_clean, seal_all
from tests.integration.export.partitions import drop_partition
from tests.integration.export.typed import typed
from tests.integration.export.writers import lines, store

AGE = 8  # days: one more than the default of gzip_after_days


@pytest.fixture
def old(today):
    day = today - timedelta(days=AGE)
    ensure("export_block", day, day)
    return day


@pytest.fixture
def csv(company, old, root):
    """The path of a sealed file of eight days ago."""
    store(company, old, lines(1, 4_000))
    drain(root)
    seal_all(root)
    return root / f"demo/S_{old}.csv"


def _tend(root):
    """Returns in how many steps."""
    owner = take_over(CsvFiles.name)
    return sum(1 for steps in (finish_interrupted(root), tend(owner, root)) for _ in steps)


def _packed(csv):
    return csv.with_name(f"{csv.name}.gz")


def _names(root):
    return sorted(path.name for path in (root / "demo").iterdir())


def test_a_file_is_gzipped_after_its_days_and_verifies(csv, old, root):
    text = csv.read_bytes()
    _tend(root)
    assert not csv.exists()
    assert gzip.decompress(_packed(csv).read_bytes()) == text
    assert _packed(csv).stat().st_mode & 0o007 == 0
    file = ExportFile.objects.get()
    assert file.gzipped_at
    assert (file.size, file.sha256) == (len(text), hashlib.sha256(text).hexdigest())
    assert assert_clean(old, root).files[0].verdict == "good"


def test_a_gzipped_file_outlives_its_blocks(csv, old, root):
    _tend(root)
    drop_partition(old)
    verdict = assert_clean(old, root).files[0].verdict
    assert verdict == "blocks gone, checked against manifest only"


def test_gzip_depends_on_the_text_alone(csv, root, tmp_path):
    sha256 = ExportFile.objects.get().sha256
    twin = tmp_path / "another_name.gz"
    for _ in daily_file.compress(csv, twin, sha256):
        pass
    _tend(root)
    assert twin.read_bytes() == _packed(csv).read_bytes()
    assert twin.read_bytes()[3:8] == bytes(5), "no name, no time"


@pytest.mark.parametrize(("days", "happens"), [("8", False), ("7", True), ("0", False)])
def test_days_count_from_the_end_of_the_day(company, csv, root, days, happens):
    change(company, "gzip_after_days", days)
    _tend(root)
    assert _packed(csv).exists() is happens
    assert csv.exists() is not happens


def test_each_company_has_its_own_days(company, old, root):
    other = Company.objects.create(name="Other", code="other")
    change(other, "gzip_after_days", "0")
    store(company, old, lines(1))
    store(other, old, lines(2))
    drain(root)
    seal_all(root)
    _tend(root)
    assert (root / f"demo/S_{old}.csv.gz").exists()
    assert (root / f"other/S_{old}.csv").exists()


def test_an_open_file_and_an_open_day_are_left_alone(company, old, csv, root):
    ExportDay.objects.update(sealed_at=None)
    _tend(root)
    assert csv.exists()
    ExportDay.objects.update(sealed_at=Now())
    ExportFile.objects.update(sealed_at=None)
    _tend(root)
    assert csv.exists()


def test_a_file_is_removed_after_its_days_under_audit(company, csv, old, root):
    change(company, "keep_file_days", "7")
    file = ExportFile.objects.get()
    _tend(root)
    assert _names(root) == [f"S_{old}.csv.done", f"manifest_{old}.json"]
    act = ExportAct.objects.get()
    assert (act.act, act.subject) == ("file removed", file.path)
    assert act.detail == {"lines": 4_000, "bytes": file.size, "sha256": file.sha256}
    assert act.who
    assert assert_clean(old, root).files[0].verdict.startswith("removed 2")


def test_a_gzipped_file_is_removed_too(company, csv, old, root):
    _tend(root)
    change(company, "keep_file_days", "7")
    _tend(root)
    assert _names(root) == [f"S_{old}.csv.done", f"manifest_{old}.json"]


def test_nothing_is_gzipped_or_removed_before_the_blob_sink_has_it(company, csv, old, root):
    change(company, "keep_file_days", "7")
    blob = SinkCursor.objects.create(sink="blob", system_identifier=1)
    copy = BlobCopy.objects.create(
        container="https://x/y", path=f"demo/{csv.name}", day=old, size=1, sha256="0"
    )
    _tend(root)
    assert csv.exists()
    copy.done_at = Now()
    copy.save()
    _tend(root)
    assert not csv.exists()
    assert blob.is_enabled


def test_a_disabled_blob_sink_is_not_waited_for(csv, root):
    SinkCursor.objects.create(sink="blob", system_identifier=1, is_enabled=False)
    _tend(root)
    assert _packed(csv).exists()


def test_killed_after_any_step_it_leaves_a_good_file_and_the_next_start_finishes(
    csv, old, root, monkeypatch
):
    monkeypatch.setattr(daily_file, "CHUNK", csv.stat().st_size // 3)
    text = csv.read_bytes()
    assert _steps_until_killed(root, 1_000) == 8
    _packed(csv).unlink()
    ExportFile.objects.update(gzipped_at=None)
    csv.write_bytes(text)
    for steps in range(8):
        assert _steps_until_killed(root, steps) == steps
        assert csv.read_bytes() == text
        assert_clean(old, root)
    _tend(root)
    assert _names(root) == [f"S_{old}.csv.done", f"S_{old}.csv.gz", f"manifest_{old}.json"]
    assert_clean(old, root)


def _steps_until_killed(root, steps):
    """A process that is killed leaves its draft as it is; a generator that is closed does not."""
    work = tend(take_over(CsvFiles.name), root)
    done = sum(1 for _, _ in zip(range(steps), work, strict=False))
    drafts = {path: path.read_bytes() for path in (root / "demo").glob(".new*")}
    work.close()
    for path, content in drafts.items():
        path.write_bytes(content)
    return done


@pytest.mark.parametrize("place", ["hold", "_take_away"])
@pytest.mark.parametrize("keep_days", ["0", "7"])
def test_killed_between_disk_and_ledger_the_next_start_finishes(
    company, csv, old, root, monkeypatch, place, keep_days
):
    change(company, "keep_file_days", keep_days)
    with monkeypatch.context() as patch:
        patch.setattr(retention, place, _die)
        with pytest.raises(KeyboardInterrupt):
            _tend(root)
    assert_clean(old, root)
    _tend(root)
    assert not csv.exists()
    assert _packed(csv).exists() is (keep_days == "0")
    assert_clean(old, root)


def _die(*_, **__):
    raise KeyboardInterrupt


def test_an_exporter_that_lost_its_epoch_takes_nothing_away(company, csv, root):
    late = take_over(CsvFiles.name)
    take_over(CsvFiles.name)
    with pytest.raises(OwnershipLost):
        list(tend(late, root))
    change(company, "keep_file_days", "7")
    with pytest.raises(OwnershipLost):
        list(tend(late, root))
    assert csv.exists()
    assert not ExportAct.objects.exists()


def test_a_file_that_was_changed_is_kept_and_alarmed_and_the_others_go_on(company, old, root):
    store(company, old, lines(1, 2))
    store(company, old, lines(1, 2), kind="DC")
    drain(root)
    seal_all(root)
    csv = root / f"demo/DC_{old}.csv"
    good = csv.read_bytes()
    csv.write_bytes(good.replace(b"1", b"2"))
    _tend(root)
    assert _names(root)[:4] == [
        f"DC_{old}.csv",
        f"DC_{old}.csv.done",
        f"S_{old}.csv.done",
        f"S_{old}.csv.gz",
    ]
    (alarm,) = alarms.open_alarms()
    assert (alarm.name, alarm.subject) == ("file_trouble", f"demo/DC_{old}.csv")
    assert "not what was sealed" in alarm.text
    csv.write_bytes(good)
    _tend(root)
    assert not alarms.open_alarms()
    assert _packed(csv).exists()


def test_a_missing_file_is_alarmed_with_its_cure(csv, root):
    csv.unlink()
    _tend(root)
    assert "--restore" in alarms.open_alarms().get().text


def test_a_disk_in_trouble_is_an_alarm_and_no_more(csv, old, root, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(retention, "_take_away", full)
        code, page = typed(files_action, "--folder", root)
        assert code == 1
        assert "gzip and removal: [Errno 28] No space left on device" in page
        _tend(root)
    assert_clean(old, root)
    assert typed(files_action, "--folder", root) == (0, "nothing is due")
    assert not csv.exists()


def test_the_command_does_it_now_or_says_who_will(csv, root):
    with ownership(CsvFiles.name, root):
        code, page = typed(files_action, "--folder", root)
    assert code == 0
    assert f"demo/{csv.name}  gzip" in page
    assert "within the hour" in page
    assert csv.exists()
    typed(files_action, "--folder", root)
    assert not csv.exists()
    assert typed(files_action, "--folder", root) == (0, "nothing is due")
