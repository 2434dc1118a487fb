"""Provisioning by files and rows: the one way by which devices come into the inventory.

1. Rows are parsed and copied to a temporary table, keys sealed at once, a transaction a chunk: the
   export waits for open transactions, and reading a long file must not hold it back.
2. Names are resolved and every rule is checked by set-based statements: all faults, not the first.
3. Nothing is written if there is a fault, or the good rows are (`valid_rows_only`), by whole sets.
Steps 2 and 3 are one transaction.
"""

import csv
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TextIO

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from devices.choices import DiscoverySource
from devices.imports.reading import Reader, Row, UnreadableFile
from devices.imports.registry import template_called
from devices.imports.report import Counts, Fault, Operation, Report, shown
from devices.imports.staging import UNIT, Run, Staging, faults_of, forget, reject
from devices.imports.template import Template
from devices.models import Company
from hes.domain.errors import HesError
from hes.domain.identifiers import plain_text

logger = logging.getLogger("hes.provisioning")
Progress = Callable[[int], None]
_ONE_AT_A_TIME = 2_002_255  # advisory lock of checks and writes


class ChangedMeanwhile(HesError):
    """Somebody else wrote what the rows name while they were written; nothing was kept."""

    def __init__(self) -> None:
        super().__init__("other rows came in between and nothing was written - import again")


@dataclass(frozen=True, slots=True)
class Wish:
    """How an import shall go. `valid_from`: when links begin or end, default now."""

    operation: Operation = Operation.CREATE
    dry_run: bool = False
    valid_rows_only: bool = False
    valid_from: datetime | None = None
    source: DiscoverySource = DiscoverySource.FILE
    rejected: TextIO | None = None
    progress: Progress = lambda _: None


def run(
    template: str,
    data: bytes | Path,
    company: Company,
    operation: Operation = Operation.CREATE,
    *,
    description: str = "",
    dry_run: bool = False,
    valid_rows_only: bool = False,
    encoding: str = "utf-8",
    valid_from: datetime | None = None,
    rejected: TextIO | None = None,
    progress: Progress = lambda _: None,
) -> Report:
    """Import a file by one of the templates ("1" to "7", or their names, or "associations").

    Faults of the file stand in the report, whatever its bytes are. `rejected` takes the rows with
    faults as CSV (keys blanked) with a column `error`; `progress` hears how many rows were read.
    Raises BadValue for an unknown template, ChangedMeanwhile, OSError for an unreadable path.
    """
    kind = template_called(template)
    wish = Wish(
        operation, dry_run, valid_rows_only, valid_from, rejected=rejected, progress=progress
    )
    headers = [column.header for column in kind.columns]
    with _opened(data) as stream:
        try:
            report = store(kind, Reader(stream, encoding, headers), company, wish)
        except UnreadableFile as fault:
            report = _unread(kind, wish, fault)
    _log(report, company, plain_text(description))
    return report


def store(kind: Template, rows: Iterable[Row], company: Company, wish: Wish) -> Report:
    """Check and write rows from wherever they come; see `run`."""
    began = time.monotonic()
    try:
        with connection.cursor() as cursor, connection.wrap_database_errors:
            at = wish.valid_from or timezone.now()
            work = Run(cursor, company.pk, wish.operation, at, wish.source)
            count = _stage(work, kind, rows, wish.progress)
            with transaction.atomic():
                report = _settle(work, kind, count, wish, began)
                if wish.dry_run or not _writes(report, wish):
                    transaction.set_rollback(True)
            forget(work)
    except IntegrityError:
        raise ChangedMeanwhile from None
    return report


def _stage(work: Run, kind: Template, rows: Iterable[Row], progress: Progress) -> int:
    staging = Staging(work, kind.columns, kind.staged(work.operation), kind.pair)
    count = 0
    for chunk in staging.fill(rows, kind.parsed(work.operation)):
        count += chunk
        progress(count)
    return count


def _settle(work: Run, kind: Template, rows: int, wish: Wish, began: float) -> Report:
    work.execute("SELECT pg_advisory_xact_lock(%(lock)s)", lock=_ONE_AT_A_TIME)
    kind.prepare(work)
    kind.resolve(work)
    kind.refuse_repetitions(work)
    kind.check(work)
    faults, more = faults_of(work)
    if wish.rejected and faults:
        _write_rejected(kind, wish.rejected)
    rejected = reject(work)
    counts = kind.write(work) if wish.valid_rows_only or not faults else Counts()
    seconds = time.monotonic() - began
    return Report(
        kind.name, wish.operation, wish.dry_run, rows, rejected, counts, faults, more, seconds
    )


def _writes(report: Report, wish: Wish) -> bool:
    return wish.valid_rows_only or report.is_clean


_REJECTED = """
SELECT s.raw, f.error FROM import_row s
JOIN (SELECT line, string_agg(DISTINCT concat_ws(' ', nullif(col, ''), problem, '-', advice), ' | ')
             AS error
      FROM import_fault GROUP BY line) f USING (line)
ORDER BY s.line
"""


def _write_rejected(kind: Template, out: TextIO) -> None:
    headers = list(dict.fromkeys(column.header for column in kind.columns))
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow([*headers, "error"])
    with connection.chunked_cursor() as cursor:
        cursor.execute(_REJECTED)
        for raw, error in cursor:
            fields = [_harmless(field) for field in raw.split(UNIT)] if raw else []
            padding = [""] * (len(headers) - len(fields))
            writer.writerow([*fields, *padding, shown(error, 2_000)])


def _harmless(field: str) -> str:
    """A rejected field as a spreadsheet may open it: no key, and no formula that runs."""
    text = shown(field, 1_000)
    return f"'{text}" if text[:1] in ("=", "+", "@", "\t") else text


def _opened(data: bytes | Path) -> BinaryIO:
    return BytesIO(data) if isinstance(data, bytes) else data.open("rb")


def _unread(kind: Template, wish: Wish, fault: UnreadableFile) -> Report:
    told = Fault(fault.line, "", "", shown(fault.problem, 1_000), fault.advice)
    return Report(kind.name, wish.operation, wish.dry_run, 0, 0, Counts(), (told,))


def _log(report: Report, company: Company, description: str) -> None:
    logger.info(
        "import %s %s for %s: %d rows, %d rejected, %d created, %d changed, %d deleted%s %s",
        *(report.template, report.operation, company.code, report.rows, report.rejected),
        *(report.created, report.changed, report.deleted),
        *(" (dry run)" if report.dry_run else "", description),
    )


def rows_of(fields: Iterable[Sequence[str]]) -> Iterable[Row]:
    """Rows given by hand instead of a file, numbered from 1."""
    return (Row(number, list(values)) for number, values in enumerate(fields, 1))
