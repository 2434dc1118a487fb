"""The kinds of orders: how they are printed, of what they are, and with which code they end.

Source: `codes/activity_types.csv` (001 2.4, 3.2; 002) and `codes/order_results.csv` (003 6.4);
what no document prints is marked assumed there.
"""

from dataclasses import dataclass

from hes.domain.catalogue import Row, rows


@dataclass(frozen=True, slots=True)
class OrderKind:
    """One ordered activity. An empty `ok_code` means that no HPE line tells of a success."""

    name: str
    printed: str
    target: str  # meter or concentrator
    is_commercial: bool
    ok_code: str
    ko_code: str


_RESULTS: dict[str, Row] = {row["order_kind"]: row for row in rows("order_results")}


def _code(printed: str) -> str:
    """The first word where it is a code: cells may add a remark, or say `none`."""
    word = printed.split(" ")[0]
    return word if word[:1].isdigit() else ""


def _kind(row: Row) -> OrderKind:
    result = _RESULTS.get(row["kind"])
    if result is None:
        others = "concentrator orders" if row["target"] == "concentrator" else "other meter orders"
        result = _RESULTS[others]
    return OrderKind(
        name=row["kind"],
        printed=row["printed_name"],
        target=row["target"],
        is_commercial=row["area"] == "commercial",
        ok_code=_code(result["ok_code"]),
        ko_code=_code(result["ko_code"]),
    )


KINDS: dict[str, OrderKind] = {row["kind"]: _kind(row) for row in rows("activity_types")}
