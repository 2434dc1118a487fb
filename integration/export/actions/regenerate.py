"""``hes export regenerate``."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from integration.export.regenerate import regenerate
from integration.export.regenerate import restore as put_back

SUMMARY = "build a daily file again from its blocks, byte for byte"


def add_arguments(parser: ArgumentParser) -> None:
    """PATH, --to, --restore, --folder."""
    parser.add_argument(
        "name", metavar="PATH", help="below the export folder: demo/S_2026-10-01.csv"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--to", type=Path, help="default: beside the file, as PATH.rebuilt")
    where.add_argument(
        "--restore",
        action="store_true",
        help="put a missing file, .done or manifest back in its place",
    )
    parser.add_argument(
        "--folder", type=Path, default=settings.EXPORT_DIR, help="default: %(default)s"
    )


def run(
    out: Callable[[str], None],
    *,
    name: str,
    to: Path | None,
    restore: bool,
    folder: Path,
    **_: Any,
) -> int:
    """0 when it was written; what is missing is raised."""
    if restore:
        out(f"{put_back(name, folder)} is back in its place")
    else:
        rebuilt = regenerate(name, folder, to)
        out(f"{rebuilt.path}: {rebuilt.lines:,} lines, {rebuilt.size:,} bytes, {rebuilt.sha256}")
    return 0
