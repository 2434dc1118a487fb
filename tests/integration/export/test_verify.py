"""`hes export verify DAY`: what it proves, and that it finds what is wrong."""

import gzip

import pytest
from django.core.management import call_command

from devices.parameters import change
from integration.export.actions import verify as verify_action
from integration.export.cursor import Position, advance, take_over
from integration.export.drain import drain
from integration.export.sinks.csv_files import CsvFiles
from integration.export.verify import verify
from integration.models import ExportDay, ExportFile
from tests.integration.export.exporting import seal_all
from tests.integration.export.partitions import drop_partition
from tests.integration.export.typed import typed
from tests.integration.export.writers import HEADER, lines, store


@pytest.fixture
def sealed(company, yesterday, root):
    """The path of one sealed file of 500 lines in three blocks."""
    store(company, yesterday, lines(1, 3), lines(4, 490), lines(494, 7))
    drain(root)
    seal_all(root)
    return root / f"demo/S_{yesterday}.csv"


def the_fault(report):
    (fault,) = report.faults
    assert fault.place in str(fault)
    assert fault.cure
    return f"{fault.place} {fault.what}"


def run(day, root):
    return typed(verify_action, day, "--folder", root)


def test_a_sealed_day_is_clean(sealed, yesterday, root):
    report = verify(yesterday, root)
    assert report.is_clean, report.faults
    (check,) = report.files
    assert (check.lines, check.bytes, check.verdict) == (500, sealed.stat().st_size, "good")


def test_a_day_without_anything_is_clean_and_says_so(yesterday, root):
    code, page = run(yesterday, root)
    assert code == 0
    assert f"no files of {yesterday}" in page


def test_files_that_still_grow_are_compared_as_far_as_they_are_committed(company, today, root):
    store(company, today, lines(1, 2))
    drain(root)
    with (root / f"demo/S_{today}.csv").open("a") as file:
        file.write("torn tail of a writer at wor")
    store(company, today, lines(3, 5))
    report = verify(today, root)
    assert report.is_clean, report.faults
    assert report.files[0].verdict == "good, open"
    assert (report.waiting_lines, report.waiting_bytes) == (5, len(lines(3, 5)))


def test_blocks_before_the_first_start_of_the_sink_wait(company, today, root):
    store(company, today, lines(1, 4))
    report = verify(today, root)
    assert report.is_clean
    assert report.waiting_lines == 4


def test_the_page_is_a_table_with_totals_and_faults(sealed, company, yesterday, root):
    store(company, yesterday, lines(1, 2), kind="M")
    drain(root)
    seal_all(root)
    code, page = run(yesterday, root)
    assert code == 0
    assert page.splitlines()[0].split() == ["FILE", "LINES", "BYTES", "VERDICT"]
    assert page.splitlines()[-1].split()[::3] == ["all", "clean"]
    sealed.unlink()
    code, page = run(yesterday, root)
    assert code == 1
    assert f"FAULT demo/S_{yesterday}.csv: is not on disk" in page
    assert f"`hes export regenerate demo/S_{yesterday}.csv --restore`" in page


def test_the_command_ends_with_one_when_there_are_faults(sealed, yesterday, root, capsys):
    words = ("export", "verify", str(yesterday), "--folder", str(root))
    call_command(*words)
    assert "clean" in capsys.readouterr().out
    sealed.unlink()
    with pytest.raises(SystemExit) as end:
        call_command(*words)
    assert end.value.code == 1
    assert "faults: 1" in capsys.readouterr().out


@pytest.mark.parametrize("number", [1, 2, 250, 501])
def test_a_line_changed_by_hand_is_named(sealed, yesterday, root, number):
    text = sealed.read_text().splitlines(keepends=True)
    text[number - 1] = text[number - 1].replace("0", "9", 1).replace("s", "z", 1)
    sealed.write_text("".join(text))
    assert f"line {number} is another" in the_fault(verify(yesterday, root))


def test_a_sealed_file_that_grew_or_shrank_is_found(sealed, yesterday, root):
    whole = sealed.read_bytes()
    for content in (whole + lines(1).encode(), whole[:-1], whole[: len(HEADER)], b""):
        sealed.write_bytes(content)
        assert f"holds {len(content)} bytes on disk" in the_fault(verify(yesterday, root))


def test_a_sealed_file_changed_by_hand_is_never_appended_to(sealed, company, yesterday, root):
    sealed.write_text("mine")
    store(company, yesterday, lines(1))
    drain(root)
    assert sealed.read_text() == "mine"
    assert not verify(yesterday, root).is_clean


def test_without_blocks_the_disk_is_checked_against_what_was_sealed(sealed, yesterday, root):
    drop_partition(yesterday)
    report = verify(yesterday, root)
    assert report.is_clean, report.faults
    assert report.files[0].verdict == "blocks gone, checked against manifest only"
    sealed.write_bytes(sealed.read_bytes().replace(b"7", b"8"))
    assert "its sha256 is not" in the_fault(verify(yesterday, root))


def test_an_open_file_whose_blocks_were_dropped_is_a_fault(company, yesterday, root):
    store(company, yesterday, lines(1, 3))
    drain(root)
    drop_partition(yesterday)
    assert "dropped before it was sealed" in the_fault(verify(yesterday, root))


def test_blocks_that_the_sink_passed_without_a_file_are_found(sealed, company, yesterday, root):
    store(company, yesterday, lines(1, 9))
    advance(take_over(CsvFiles.name), Position(2**60, 0))
    fault = the_fault(verify(yesterday, root))
    assert f"demo S {yesterday} 1 blocks (9 lines" in fault
    assert "in no file" in fault


def test_a_ledger_that_claims_other_blocks_is_found(sealed, yesterday, root):
    ExportFile.objects.update(first_id=ExportFile.objects.get().first_id + 1)
    faults = " / ".join(map(str, verify(yesterday, root).faults))
    assert "they hold 497 lines" in faults
    assert "1 blocks (3 lines" in faults
    assert "manifest" in faults


def test_overlapping_files_are_found(company, yesterday, root):
    change(company, "export_max_bytes", "1")
    store(company, yesterday, lines(1), lines(2))
    drain(root)
    first, second = ExportFile.objects.order_by("number")
    ExportFile.objects.filter(pk=first.pk).update(last_xid=second.last_xid, last_id=second.last_id)
    assert any("begins before that" in str(fault) for fault in verify(yesterday, root).faults)


def test_a_missing_or_changed_done_file_is_found(sealed, yesterday, root):
    done = sealed.with_name(f"{sealed.name}.done")
    content = done.read_bytes()
    done.write_bytes(content.replace(b"500", b"501"))
    assert ".done says something else" in the_fault(verify(yesterday, root))
    done.unlink()
    assert "has no .done" in the_fault(verify(yesterday, root))


def test_a_missing_or_changed_manifest_is_found(sealed, yesterday, root):
    manifest = root / f"demo/manifest_{yesterday}.json"
    content = manifest.read_bytes()
    for wrong in (content.replace(b"500", b"501"), b"not json", b"[]", b'{"files": 3}'):
        manifest.write_bytes(wrong)
        assert "something else than the ledger" in the_fault(verify(yesterday, root))
    manifest.unlink()
    assert "not on disk and the day is sealed" in the_fault(verify(yesterday, root))


def test_a_late_file_and_both_manifests_are_clean(sealed, company, yesterday, root):
    store(company, yesterday, lines(1, 2))
    drain(root)
    assert verify(yesterday, root).is_clean, "the late file is open, the day is to be sealed again"
    seal_all(root)
    report = verify(yesterday, root)
    assert report.is_clean, report.faults
    assert [check.name[-6:] for check in report.files] == [sealed.name[-6:], "_2.csv"]
    first = root / f"demo/manifest_{yesterday}.json"
    first.write_bytes(first.read_bytes().replace(b"500", b"501"))
    assert f"manifest_{yesterday}.json" in the_fault(verify(yesterday, root))


def test_a_day_sealed_over_an_open_file_is_found(company, yesterday, root):
    store(company, yesterday, lines(1))
    drain(root)
    ExportDay.objects.update(sealed_at="2026-01-01T00:00:00Z")
    faults = " / ".join(map(str, verify(yesterday, root).faults))
    assert "is open and its day is sealed" in faults


def test_a_daily_file_that_nobody_knows_is_found(sealed, yesterday, root):
    (root / f"demo/S_{yesterday}_7.csv").write_text(HEADER)
    (root / f"demo/notes_{yesterday}.txt").write_text("not ours to judge")
    assert f"S_{yesterday}_7.csv is on disk and not in the ledger" in the_fault(
        verify(yesterday, root)
    )


def test_a_gzipped_file_is_read_through(sealed, yesterday, root):
    packed = sealed.with_name(f"{sealed.name}.gz")
    packed.write_bytes(gzip.compress(sealed.read_bytes()))
    sealed.unlink()
    assert verify(yesterday, root).is_clean
    packed.write_bytes(packed.read_bytes()[:-9])
    assert "cannot be read" in the_fault(verify(yesterday, root))


def test_the_reading_tells_how_far_it_is(sealed, yesterday, root):
    told = []
    verify(yesterday, root, lambda name, size: told.append((name, size)))
    assert {name for name, _ in told} == {f"demo/{sealed.name}"}
    assert sum(size for _, size in told) == 2 * sealed.stat().st_size, "blocks and disk"
