"""Tables as people read them: columns of equal width, numbers to the right."""

import re
from collections.abc import Iterator, Sequence

Row = Sequence[str]
NUMBER = re.compile(r"[0-9,.]+|-")


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Rows, the first one the head, as lines with aligned columns; numbers to the right."""
    columns = [_aligned(column) for column in zip(*rows, strict=True)]
    for cells in zip(*columns, strict=True):
        yield "  ".join(cells).rstrip()


def _aligned(column: Sequence[str]) -> list[str]:
    width = max(map(len, column))
    align = str.rjust if all(map(NUMBER.fullmatch, column[1:])) else str.ljust
    return [align(cell, width) for cell in column]
