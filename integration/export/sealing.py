"""Closes the files of a day for good (design 8).

1. The day has ended by the database clock: a transaction draws a fence F and stores it. A block
   gets its transaction number before its day, so one of that day has a number below F.
2. When `pg_snapshot_xmin >= F` every such transaction is finished, and when the cursor has passed
   every block below F, all of them are in files.
3. Each file gets its `.done`, then each company its manifest, then the day is sealed.

Every step may be repeated after a kill. A block that appears for a sealed day all the same (the
database clock was set back) opens a further file; the day is fenced again and a further manifest
lists all its files.
"""

from datetime import date
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from django.db import connection, transaction
from django.db.models.functions import Now

from integration.export import papers
from integration.export.cursor import NEXT, Owner, Position, hold, position_of
from integration.export.sinks import daily_file
from integration.export.sinks.daily_file import FileTrouble
from integration.models import ExportDay, ExportFile

# now() is the start of the transaction, so the day had ended before the number is drawn.
DRAW_FENCES = """
UPDATE export_day SET fence = pg_current_xact_id()::text::bigint
WHERE fence IS NULL AND day < (now() AT TIME ZONE 'UTC')::date
"""

COMPLETE_DAY = f"""
WITH next AS ({NEXT})
SELECT day FROM export_day
WHERE sealed_at IS NULL AND fence <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint
  AND NOT EXISTS (SELECT FROM next WHERE next.xid < export_day.fence::text::xid8)
ORDER BY day LIMIT 1
"""


def seal_next(owner: Owner, root: Path) -> bool:
    """Seal one file, or one day whose files are sealed; False when there is nothing to seal.

    One at a time, because hashing a large file takes as long as moving many blocks.
    """
    day = _complete_day(position_of(owner))
    if day is None:
        return False
    file = ExportFile.objects.filter(day=day, sealed_at=None).order_by("path").first()
    if file is None:
        _seal_day(owner, root, day)
    else:
        _seal_file(owner, root, file)
    return True


def _complete_day(position: Position) -> date | None:
    with connection.cursor() as cursor:
        cursor.execute(DRAW_FENCES)
        cursor.execute(COMPLETE_DAY, position)
        row = cursor.fetchone()
    return row[0] if row else None


def _seal_file(owner: Owner, root: Path, file: ExportFile) -> None:
    path = root / file.path
    daily_file.trim(path, file.size)
    content = daily_file.digest(path)
    if content.newlines != file.lines + 1:
        raise FileTrouble(
            f"{path} holds {content.newlines} lines, the ledger {file.lines} and a header: "
            "it was changed; bring it back as it was"
        )
    file.sha256 = content.sha256
    daily_file.place(papers.done_path(root, file), papers.done_of(file))
    with transaction.atomic():
        hold(owner)
        ExportFile.objects.filter(pk=file.pk).update(sha256=file.sha256, sealed_at=Now())


def _seal_day(owner: Owner, root: Path, day: date) -> None:
    files = ExportFile.objects.filter(day=day).order_by("company_id", "kind", "number")
    for _, of_company in groupby(files, attrgetter("company_id")):
        own = list(of_company)
        papers.place_manifest((root / own[0].path).parent, day, own)
    with transaction.atomic():
        hold(owner)
        ExportDay.objects.filter(day=day).update(sealed_at=Now())
