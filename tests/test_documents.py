"""What the documents promise about the export is what the code does."""

from pathlib import Path

import pytest

from hes.domain.catalogue import rows

DOCS = Path(__file__).parents[1] / "docs"
LAYOUTS = rows("export_layouts")


@pytest.mark.parametrize("layout", LAYOUTS, ids=[layout["kind"] for layout in LAYOUTS])
def test_the_table_of_columns_says_what_each_kind_carries(layout):
    cells = [layout["kind"], layout["content"], f"`{layout['columns']}`", layout["time"] or "-"]
    assert f"| {' | '.join(cells)} |" in (DOCS / "export.md").read_text().splitlines()
