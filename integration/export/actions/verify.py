"""``hes export verify``."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings

from hes.lib.tables import table
from integration.export.verify import Report, verify

SUMMARY = "prove the files of a day: blocks against ledger, disk, .done and manifest"
COLUMNS = ("FILE", "LINES", "BYTES", "VERDICT")
TELL_EVERY = 0.5  # seconds


def add_arguments(parser: ArgumentParser) -> None:
    """DAY, --folder."""
    parser.add_argument("day", type=date.fromisoformat, help="UTC day of recording, 2026-10-01")
    parser.add_argument(
        "--folder", type=Path, default=settings.EXPORT_DIR, help="default: %(default)s"
    )


def run(out: Callable[[str], None], *, day: date, folder: Path, **_: Any) -> int:
    """0 when clean, 1 when not; every fault with its place and cure."""
    with Ticker(sys.stderr.isatty()) as ticker:
        report = verify(day, folder, ticker)
    out("\n".join(_lines(report)))
    return 0 if report.is_clean else 1


def _lines(report: Report) -> list[str]:
    checks = report.files
    rows = [(file.name, f"{file.lines:,}", f"{file.bytes:,}", file.verdict) for file in checks]
    lines, size = sum(file.lines for file in checks), sum(file.bytes for file in checks)
    rows.append(("all", f"{lines:,}", f"{size:,}", _verdict(report)))
    page = list(table([COLUMNS, *rows]))
    if report.waiting_lines:
        page.append(
            f"waiting: {report.waiting_lines:,} lines, {report.waiting_bytes:,} bytes of "
            f"{report.day} that the sink has not reached"
        )
    return [*page, *(f"FAULT {fault}" for fault in report.faults)]


def _verdict(report: Report) -> str:
    if report.faults:
        return f"faults: {len(report.faults)}"
    return "clean" if report.files else f"clean, no files of {report.day}"


class Ticker:
    """Shows on a terminal how far a long reading has come."""

    def __init__(self, is_shown: bool) -> None:
        self._is_shown, self._bytes, self._next = is_shown, 0, 0.0

    def __call__(self, name: str, size: int) -> None:
        self._bytes += size
        if self._is_shown and time.monotonic() >= self._next:
            self._next = time.monotonic() + TELL_EVERY
            sys.stderr.write(f"\r{name}: {self._bytes / 1e6:,.0f} MB read\x1b[K")
            sys.stderr.flush()

    def __enter__(self) -> "Ticker":
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
