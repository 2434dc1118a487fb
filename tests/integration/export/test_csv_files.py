"""Names, headers, cuts, and what is done about files that are not as the ledger says."""

import pytest

from devices.models import Company
from devices.parameters import change
from integration.export.cursor import OwnershipLost, take_over
from integration.export.drain import NotDrained, drain
from integration.export.ownership import ownership
from integration.export.sinks.csv_files import CsvFiles
from integration.export.sinks.daily_file import FileTrouble
from integration.models import ExportFile
from tests.integration.export.exporting import assert_clean
from tests.integration.export.writers import HEADER, insert, lines, session, store


def test_a_block_becomes_a_file_with_a_header(company, today, root):
    store(company, today, lines(1, 3), lines(4))
    (report,) = drain(root)
    assert report.name == f"demo/S_{today}.csv"
    assert report.rows == 4
    assert (root / report.name).read_text() == HEADER + lines(1, 4)
    assert (root / report.name).stat().st_size == report.bytes


def test_each_company_kind_and_day_has_its_own_file(company, today, yesterday, root):
    other = Company.objects.create(name="Other", code="other")
    store(company, today, lines(1))
    store(company, yesterday, lines(2))
    store(company, today, lines(3), kind="M")
    store(other, today, lines(4))
    names = [report.name for report in drain(root)]
    assert names == [
        f"demo/M_{today}.csv",
        f"demo/S_{yesterday}.csv",
        f"demo/S_{today}.csv",
        f"other/S_{today}.csv",
    ]


def test_later_blocks_continue_the_file(company, today, root):
    store(company, today, lines(1))
    drain(root)
    store(company, today, lines(2))
    (report,) = drain(root)
    assert (root / report.name).read_text() == HEADER + lines(1, 2)
    assert drain(root) == []


def test_a_file_is_cut_between_blocks_when_it_reaches_the_limit(company, today, root):
    change(company, "export_max_bytes", str(len(HEADER) + len(lines(1, 5))))
    store(company, today, lines(1, 3), lines(4, 2), lines(6, 4), lines(10, 2))
    assert [report.rows for report in drain(root)] == [5, 4, 2]
    for name, first, count in (("", 1, 5), ("_2", 6, 4), ("_3", 10, 2)):
        path = root / f"demo/S_{today}{name}.csv"
        assert path.read_text() == HEADER + lines(first, count)


def test_a_cut_file_stays_cut_in_the_next_pass(company, today, root):
    change(company, "export_max_bytes", "1")
    for number in (1, 2):
        store(company, today, lines(number))
        drain(root)
    assert (root / f"demo/S_{today}.csv").read_text() == HEADER + lines(1)
    assert (root / f"demo/S_{today}_2.csv").read_text() == HEADER + lines(2)


def test_a_fixed_suffix_replaces_the_count(company, today, root):
    change(company, "file_suffix", "3")
    change(company, "export_max_bytes", "1")
    store(company, today, lines(1), lines(2))
    (report,) = drain(root)
    assert report.name == f"demo/S_{today}_3.csv"
    assert report.rows == 2


def test_a_suffix_that_looks_like_a_number_takes_no_name_twice(company, today, root):
    change(company, "file_suffix", "2")
    store(company, today, lines(1))
    drain(root)
    change(company, "file_suffix", "")
    change(company, "export_max_bytes", "1")
    store(company, today, lines(2), lines(3))
    names = [report.name for report in drain(root)]
    assert names == [f"demo/S_{today}_3.csv", f"demo/S_{today}_4.csv"]
    assert_clean(today, root)


def test_a_suffix_cannot_leave_the_folder(company):
    with pytest.raises(ValueError, match="file_suffix"):
        change(company, "file_suffix", "/../../etc/x")


def test_another_header_begins_another_file(company, today, root):
    store(company, today, lines(1))
    drain(root)
    ExportFile.objects.update(header="older;columns")
    store(company, today, lines(2))
    (report,) = drain(root)
    assert report.name == f"demo/S_{today}_2.csv"


def test_the_tail_of_a_killed_writer_is_cut_back_at_the_start(company, today, root):
    store(company, today, lines(1))
    drain(root)
    path = root / f"demo/S_{today}.csv"
    with path.open("a") as file:
        file.write("0000000000")
    CsvFiles(root).recover(take_over(CsvFiles.name))
    assert path.read_text() == HEADER + lines(1)


def test_a_file_shorter_than_the_ledger_stops_the_sink_untouched(company, today, root):
    store(company, today, lines(1, 2))
    drain(root)
    path = root / f"demo/S_{today}.csv"
    path.write_text(HEADER)
    with pytest.raises(FileTrouble, match="bring the file back"):
        drain(root)
    assert path.read_text() == HEADER


def test_a_missing_file_stops_the_sink(company, today, root):
    store(company, today, lines(1))
    drain(root)
    (root / f"demo/S_{today}.csv").unlink()
    store(company, today, lines(2))
    with pytest.raises(FileTrouble, match="not on disk"):
        drain(root)


def test_a_file_that_is_not_ours_is_never_overwritten(company, today, root):
    path = root / f"demo/S_{today}.csv"
    path.parent.mkdir(parents=True)
    path.write_text("an archive of an earlier database")
    store(company, today, lines(1))
    with pytest.raises(FileTrouble, match="move it away"):
        drain(root)
    assert path.read_text() == "an archive of an earlier database"
    path.unlink()
    assert drain(root)


def test_an_exporter_that_lost_its_epoch_commits_nothing(company, today, root):
    store(company, today, lines(1))
    drain(root)
    sink, late = CsvFiles(root), take_over(CsvFiles.name)
    take_over(CsvFiles.name)
    store(company, today, lines(2))
    with pytest.raises(OwnershipLost):
        sink.move(late)
    (report,) = drain(root)
    assert (root / report.name).read_text() == HEADER + lines(1, 2)


def test_draining_beside_a_working_exporter_says_so(today, root):
    sink = CsvFiles(root)
    with ownership(sink.name, root) as owner:
        assert owner is not None
        with pytest.raises(NotDrained, match="another exporter"):
            drain(root, patience=0)


def test_draining_names_the_transaction_it_waits_for(company, today, root):
    with session() as held:
        insert(held, company, today, lines(1))
        store(company, today, lines(2))
        with pytest.raises(NotDrained, match=rf"pid {held.get_backend_pid()}"):
            drain(root, patience=0)
        held.commit()
    (report,) = drain(root)
    assert report.rows == 2


def test_files_belong_to_us_and_our_group_only(company, today, root):
    store(company, today, lines(1))
    (report,) = drain(root)
    assert (root / report.name).stat().st_mode & 0o007 == 0
    assert (root / "demo").stat().st_mode & 0o007 == 0


def test_files_announced_by_a_killed_pass_are_withdrawn(company, today, root, monkeypatch):
    change(company, "export_max_bytes", "1")
    store(company, today, lines(1), lines(2), lines(3))
    with monkeypatch.context() as patch:
        patch.setattr("integration.export.ledger.commit", _die)
        with pytest.raises(KeyboardInterrupt):
            CsvFiles(root).move(take_over(CsvFiles.name))
    assert ExportFile.objects.filter(size=0).count() == 3
    change(company, "export_max_bytes", "1000000")
    (report,) = drain(root)
    assert report.rows == 3
    assert [path.name for path in (root / "demo").iterdir()] == [f"S_{today}.csv"]


def _die(*_):
    raise KeyboardInterrupt
