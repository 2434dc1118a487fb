"""Who waits for a ready file never reads half of it."""

from pathlib import Path

from hes.lib.ready import write_ready


def test_a_ready_file_is_replaced_whole_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "ready"
    path.write_text("of the process before")
    write_ready(path, "58692\n58693\n")
    assert path.read_text() == "58692\n58693\n"
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o600
