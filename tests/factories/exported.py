"""The daily CSV files of the company *demo*, as the sink writes them, and what lines look like."""

import re
from pathlib import Path

from integration.export.drain import drain


def drained(root: Path, kind: str) -> list[str]:
    """All lines of a kind in the order they left, after everything visible is exported."""
    drain(root)
    return file_lines(root, kind)


def file_lines(root: Path, kind: str) -> list[str]:
    """The lines of a kind in the files as they stand, without headers."""
    files = sorted((root / "demo").glob(f"{kind}_*.csv"))
    return [line for file in files for line in file.read_text().splitlines()[1:]]


def form(line: str) -> str:
    """A line of LPE with digits of names and times made equal."""
    concentrator, meter, pod, code, date, *rest = line.split(";")
    names = [re.sub(r"\d+", "9", name) for name in (concentrator, meter, pod.removeprefix("POD"))]
    return ";".join([*names, code, re.sub(r"\d", "9", date), *rest])
