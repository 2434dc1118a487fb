"""`hes export status`."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from integration.export.status import as_json, describe

SUMMARY = "where every sink stands, what waits, alarms, who holds the horizon, files of today"


def add_arguments(parser: ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", dest="is_json", help="for programs")


def run(out: Callable[[str], None], *, is_json: bool, **_: Any) -> int:
    """Print it."""
    out(as_json() if is_json else describe())
    return 0
