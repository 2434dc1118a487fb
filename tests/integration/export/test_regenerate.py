"""`hes export regenerate`: the same bytes again, or the range that is gone."""

import hashlib
import shutil

import pytest

from devices.parameters import change
from integration.export.actions import regenerate as regenerate_action
from integration.export.drain import drain
from integration.export.regenerate import Irreproducible, Refused, regenerate, restore
from integration.export.sinks import daily_file
from integration.export.verify import verify
from integration.models import ExportFile
from tests.database import owner_cursor, worker_database
from tests.integration.export.exporting import seal_all
from tests.integration.export.partitions import drop_partition
from tests.integration.export.typed import typed
from tests.integration.export.writers import lines, store


@pytest.fixture
def sealed(company, yesterday, root):
    """Names of two cut files, a late one, and one of another kind; other companies and days too."""
    change(company, "export_max_bytes", "60000")
    for first in range(0, 3_000, 500):
        store(company, yesterday, lines(first, 500))
        store(company, yesterday, lines(first, 7), kind="M")
    drain(root)
    seal_all(root)
    store(company, yesterday, lines(9_000, 2))
    drain(root)
    seal_all(root)
    return list(ExportFile.objects.order_by("path").values_list("path", flat=True))


def test_every_file_comes_back_byte_for_byte_also_with_another_limit(company, sealed, root):
    assert len(sealed) == 4
    change(company, "export_max_bytes", "1000")
    change(company, "file_suffix", "x")
    for name in sealed:
        rebuilt = regenerate(name, root)
        assert rebuilt.path == root / f"{name}.rebuilt"
        assert rebuilt.path.read_bytes() == (root / name).read_bytes()
        assert rebuilt.sha256 == hashlib.sha256((root / name).read_bytes()).hexdigest()


def test_of_an_open_file_the_committed_part_comes_back(company, today, root):
    store(company, today, lines(1, 900))
    drain(root)
    store(company, today, lines(901, 5))
    name = f"demo/S_{today}.csv"
    assert regenerate(name, root).path.read_bytes() == (root / name).read_bytes()


def test_blocks_of_the_next_day_in_between_are_left_out(company, today, yesterday, root):
    for number in range(6):
        store(company, (yesterday, today)[number % 2], lines(number))
    drain(root)
    for day in (yesterday, today):
        name = f"demo/S_{day}.csv"
        assert regenerate(name, root).path.read_bytes() == (root / name).read_bytes()


def test_a_missing_file_is_put_back_and_verifies(sealed, yesterday, root):
    contents = {name: (root / name).read_bytes() for name in sealed}
    for name in sealed:
        (root / name).unlink()
    assert len(verify(yesterday, root).faults) == len(sealed)
    for name in sealed:
        assert restore(name, root) == root / name
        assert (root / name).read_bytes() == contents[name]
    assert verify(yesterday, root).is_clean


def test_a_gzipped_file_is_put_back_gzipped(sealed, yesterday, root):
    path = root / sealed[0]
    packed = daily_file.gzipped(path)
    for _ in daily_file.compress(path, packed, ExportFile.objects.get(path=sealed[0]).sha256):
        pass
    content = packed.read_bytes()
    ExportFile.objects.filter(path=sealed[0]).update(gzipped_at="2026-01-01T00:00:00Z")
    path.unlink()
    with pytest.raises(Refused, match="is there"):
        restore(sealed[0], root)
    packed.unlink()
    assert restore(sealed[0], root) == packed
    assert packed.read_bytes() == content
    assert not path.exists()
    assert verify(yesterday, root).is_clean


def test_markers_and_manifests_come_back_too(sealed, yesterday, root):
    for name in (f"{sealed[0]}.done", f"demo/manifest_{yesterday}_2.json"):
        content = (root / name).read_bytes()
        (root / name).unlink()
        restore(name, root)
        assert (root / name).read_bytes() == content
    (root / f"demo/manifest_{yesterday}.json").unlink()
    with pytest.raises(Refused, match="not in the ledger"):
        restore(f"demo/manifest_{yesterday}.json", root)


def test_nothing_that_is_there_is_overwritten(sealed, root):
    (root / sealed[0]).write_text("mine")
    with pytest.raises(Refused, match="move it away"):
        restore(sealed[0], root)
    for _ in range(2):
        target = root / "mine.csv"
        target.write_text("mine")
        with pytest.raises(Refused, match="there already"):
            regenerate(sealed[0], root, target)
    assert (root / sealed[0]).read_text() == target.read_text() == "mine"


def test_a_removed_file_is_not_put_back_but_may_be_had_elsewhere(sealed, root, tmp_path):
    content = (root / sealed[0]).read_bytes()
    (root / sealed[0]).unlink()
    ExportFile.objects.filter(path=sealed[0]).update(removed_at="2026-01-01T00:00:00Z")
    with pytest.raises(Refused, match="use --to"):
        restore(sealed[0], root)
    assert regenerate(sealed[0], root, tmp_path / "x.csv").path.read_bytes() == content


@pytest.mark.parametrize("name", ["demo/S_2020-01-01.csv", "../../etc/passwd", "demo"])
def test_a_name_that_the_ledger_does_not_know_is_refused(today, root, name):
    for wish in (regenerate, restore):
        with pytest.raises(Refused, match=r"is not in the ledger|is there"):
            wish(name, root)
    assert not root.exists(), "nothing was made"


def test_a_lost_company_folder_comes_back_file_by_file(sealed, yesterday, root):
    names = [path.name for path in (root / "demo").iterdir()]
    shutil.rmtree(root / "demo")
    assert not verify(yesterday, root).is_clean
    for name in sorted(names, reverse=True):
        if name != f"manifest_{yesterday}.json":
            restore(f"demo/{name}", root)
    said = [fault.place for fault in verify(yesterday, root).faults]
    assert said == [f"demo/manifest_{yesterday}.json"], "what the first one said is not known"


def test_a_dropped_partition_is_named_with_the_range_and_nothing_is_written(
    sealed, yesterday, root
):
    file = ExportFile.objects.get(path=sealed[0])
    drop_partition(yesterday)
    (root / sealed[0]).unlink()
    before = sorted((root / "demo").iterdir())
    said = (
        rf"blocks of {yesterday} from \({file.first_xid}, {file.first_id}\) to "
        rf"\({file.last_xid}, {file.last_id}\): "
        rf"the partition export_block_{yesterday:%Y%m%d} is gone"
    )
    for wish in (regenerate, restore):
        with pytest.raises(Irreproducible, match=said):
            wish(sealed[0], root)
    assert sorted((root / "demo").iterdir()) == before


@pytest.mark.parametrize("index", [0, 2, -1])
def test_missing_blocks_are_named_as_narrowly_as_can_be_told(company, yesterday, root, index):
    positions = []
    store(company, yesterday, *(lines(number) for number in range(5)))
    drain(root)
    with owner_cursor(worker_database()) as cursor:
        cursor.execute("SELECT xid::text::bigint, id FROM export_block ORDER BY xid, id")
        positions = cursor.fetchall()
        cursor.execute("DELETE FROM export_block WHERE id = %s", [positions[index][1]])
    ends = {0: (0, 1), 2: (0, 4), -1: (3, 4)}[index]
    first, last = (positions[end] for end in ends)
    said = f"blocks of {yesterday} from {first} to {last}: they hold 4 lines"
    with pytest.raises(Irreproducible) as fault:
        regenerate(f"demo/S_{yesterday}.csv", root)
    assert said in str(fault.value)
    assert not list((root / "demo").glob("*rebuilt*"))


def test_a_target_that_cannot_be_written_is_said(sealed, root, tmp_path):
    with pytest.raises(Refused, match="is no folder"):
        regenerate(sealed[0], root, tmp_path / "no/where.csv")


def test_the_command_says_what_it_wrote(sealed, root, tmp_path):
    code, page = typed(regenerate_action, sealed[0], "--to", tmp_path / "x.csv", "--folder", root)
    file = ExportFile.objects.get(path=sealed[0])
    assert code == 0
    assert page == f"{tmp_path}/x.csv: {file.lines:,} lines, {file.size:,} bytes, {file.sha256}"
    (root / sealed[0]).unlink()
    code, page = typed(regenerate_action, sealed[0], "--restore", "--folder", root)
    assert code == 0
    assert page == f"{root / sealed[0]} is back in its place"
