"""What the documents promise about the export is what the code does."""

from pathlib import Path

import pytest

from hes.domain.catalogue import rows
from workorders.activities.orders.registry import ACTIVITIES

KINDS = list(ACTIVITIES.values())
DOCS = Path(__file__).parents[1] / "docs"
LAYOUTS = rows("export_layouts")


@pytest.mark.parametrize("layout", LAYOUTS, ids=[layout["kind"] for layout in LAYOUTS])
def test_the_table_of_columns_says_what_each_kind_carries(layout):
    cells = [layout["kind"], layout["content"], f"`{layout['columns']}`", layout["time"] or "-"]
    assert f"| {' | '.join(cells)} |" in (DOCS / "export.md").read_text().splitlines()


@pytest.mark.parametrize("activity", KINDS, ids=[activity.kind for activity in KINDS])
def test_the_table_of_orders_says_what_each_kind_is(activity):
    cells = (
        f"`{activity.kind}`",
        activity.printed,
        activity.target,
        "yes" if activity.guarded else "",
        "read back" if activity.read_back else "repeated",
        activity.ok_code or "-",
        activity.ko_code,
    )
    assert f"| {' | '.join(cells)} |" in (DOCS / "orders.md").read_text().splitlines()
