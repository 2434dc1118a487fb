"""The file ledger: what of each daily file counts (design D11, I8).

A file is announced before it is made, and its growth is committed together with the position of
the sink after its bytes are on disk. So bytes without a ledger row are never ours, and bytes
beyond the committed size are a torn tail.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Now
from psycopg2.extras import execute_values

from integration.export.cursor import START, Block, Owner, Position, advance, hold
from integration.models import ExportDay, ExportFile, SinkCursor


class Series(NamedTuple):
    """The daily files that follow one another: the first has no number, then 2, 3 ..."""

    company_id: int
    kind: str
    day: date


def series_of(item: Block | ExportFile) -> Series:
    """The daily files a block belongs to, or a file is one of."""
    return Series(item.company_id, item.kind, item.day)


@dataclass(slots=True)
class Growth:
    """What one pass adds to one file: a header if it is new, then the lines of blocks in order."""

    file: ExportFile
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    lines: int = 0
    first: Position = START
    last: Position = START

    def add(self, block: Block) -> None:
        """Take the lines of the next block."""
        if self.size_after == 0:
            self._put(f"{self.file.header}\n".encode())
        self._put(block.text())
        self.first = self.first if self.lines else block.position
        self.lines += block.lines
        self.last = block.position

    @property
    def size_after(self) -> int:
        """Bytes of the file after this pass."""
        return self.file.size + self.size

    @property
    def lines_size(self) -> int:
        """Bytes of the lines alone."""
        header = 0 if self.file.size else len(self.file.header) + 1
        return self.size - header if self.lines else 0

    def _put(self, chunk: bytes) -> None:
        self.chunks.append(chunk)
        self.size += len(chunk)


def unsealed() -> QuerySet[ExportFile]:
    """Files that may still grow, oldest first."""
    return ExportFile.objects.filter(sealed_at=None).order_by("day", "path")


def newest(wanted: Collection[Series]) -> dict[Series, ExportFile]:
    """The last file of each of these series that has one."""
    days = {series.day for series in wanted}
    companies = {series.company_id for series in wanted}
    files = ExportFile.objects.filter(day__in=days, company_id__in=companies)
    last = files.order_by(*Series._fields, "-number").distinct(*Series._fields)
    return {series_of(file): file for file in last}


def announce(owner: Owner, files: Sequence[ExportFile]) -> None:
    """Enter new files with nothing in them; a day that gets a file is to be fenced (again)."""
    with transaction.atomic():
        hold(owner)
        ExportFile.objects.bulk_create(files)
        ExportDay.objects.bulk_create(
            [ExportDay(day=day) for day in sorted({file.day for file in files})],
            update_conflicts=True,
            unique_fields=["day"],
            update_fields=["fence", "sealed_at"],
        )


def withdraw_empty(owner: Owner) -> None:
    """Forget announced files that came to nothing; another pass may need fewer or others."""
    with transaction.atomic():
        hold(owner)
        unsealed().filter(size=0).delete()


def commit(owner: Owner, growths: Sequence[Growth], position: Position) -> None:
    """Make the growth of all files and the new position count, together or not at all.

    Raises OwnershipLost: then nothing counts, and the new owner cuts the files back.
    """
    lines = sum(growth.lines for growth in growths)
    size = sum(growth.lines_size for growth in growths)
    with transaction.atomic():
        advance(owner, position)
        with connection.cursor() as cursor, connection.wrap_database_errors:
            execute_values(cursor.cursor, GROW, [_row(growth) for growth in growths])
            cursor.execute(COUNT, [lines, size, owner.sink])


def note_failure(sink: str, fault: Exception) -> None:
    """Since when nothing moves, and why."""
    text = str(fault)[:300]
    SinkCursor.objects.filter(sink=sink).update(
        failing_since=Coalesce("failing_since", Now()), last_error=text
    )


def note_health(sink: str) -> None:
    """It moves, or has nothing to do."""
    SinkCursor.objects.filter(sink=sink).update(failing_since=None, last_error="")


COUNT = "UPDATE sink_cursor SET lines = lines + %s, bytes = bytes + %s WHERE sink = %s"

GROW = """
UPDATE export_file AS file
SET size = file.size + grown.size, lines = file.lines + grown.lines,
    first_xid = coalesce(file.first_xid, grown.first_xid),
    first_id = coalesce(file.first_id, grown.first_id),
    last_xid = grown.last_xid, last_id = grown.last_id
FROM (VALUES %s) AS grown (id, size, lines, first_xid, first_id, last_xid, last_id)
WHERE file.id = grown.id
"""


def _row(growth: Growth) -> tuple[int, ...]:
    return (growth.file.pk, growth.size, growth.lines, *growth.first, *growth.last)
