"""Reads the code tables of `codes/`: corrected facts of the documents, as data with one home."""

import csv
from functools import cache
from importlib.resources import files

Row = dict[str, str]


@cache
def rows(name: str) -> tuple[Row, ...]:
    """All rows of `codes/<name>.csv` in file order, each a mapping from column to text."""
    text = files("hes.domain").joinpath("codes", f"{name}.csv").read_text(encoding="utf-8-sig")
    return tuple(csv.DictReader(text.splitlines()))
