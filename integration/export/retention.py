"""Gzips and removes daily files when their time has come (design 8).

Settings of each company: `gzip_after_days` and `keep_file_days`, counted from the end of the day;
0 means never. Only sealed files of sealed days, and not before they lie in the blob container where
one is fed. `.done` and manifest always stay.

A kill at any point leaves a good file: the `.gz` takes its name only after it was read back, the
ledger says so next, the CSV goes last. What a kill has left lying is taken away at the next start.
"""

import logging
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from devices import alarms
from devices.parameters import parameters_of
from integration.export import acts
from integration.export.cursor import Owner, hold
from integration.export.sinks import daily_file
from integration.export.sinks.daily_file import FileTrouble
from integration.models import BlobCopy, ExportDay, ExportFile, SinkCursor

log = logging.getLogger(__name__)

LOOK_EVERY = 3600.0  # seconds
SUBJECT = "gzip and removal"
LONGEST = 80  # characters of a path as the subject of an alarm or act


def tend(owner: Owner, root: Path) -> Iterator[None]:
    """One look through all files whose time has come, in steps of about a MiB.

    Trouble with a file or the disk becomes an alarm and is met again at the next look. Raises
    OwnershipLost and database errors.
    """
    return _with_alarm(_look(owner, root))


def finish_interrupted(root: Path) -> Iterator[None]:
    """Take away what a kill left on the disk although the ledger says it is gone."""
    return _with_alarm(_finish(root))


def _with_alarm(work: Iterator[None]) -> Iterator[None]:
    try:
        yield from work
    except OSError as fault:
        alarms.raise_alarm("file_trouble", SUBJECT, str(fault))
    else:
        alarms.clear("file_trouble", SUBJECT)


def _look(owner: Owner, root: Path) -> Iterator[None]:
    for file in to_remove():
        _remove(owner, root, file)
        yield
    for file in to_gzip():
        yield from _gzip_or_tell(owner, root, file)


def _finish(root: Path) -> Iterator[None]:
    rest = ExportFile.objects.filter(Q(gzipped_at__isnull=False) | Q(removed_at__isnull=False))
    for file in rest.iterator():
        path = root / file.path
        if file.removed_at or daily_file.gzipped(path).exists():
            _take_away(path, with_gzip=file.removed_at is not None)
        yield


def to_remove() -> QuerySet[ExportFile]:
    """Files that were kept as long as their company wants, oldest first."""
    return _older_than("keep_file_days")


def to_gzip() -> QuerySet[ExportFile]:
    """Files that are to be gzipped, oldest first."""
    return _older_than("gzip_after_days").filter(gzipped_at=None)


def _older_than(setting: str) -> QuerySet[ExportFile]:
    today = _database_day()
    its_time = Q(pk__in=[])
    for company_id in ExportFile.objects.values_list("company_id", flat=True).distinct():
        if days := parameters_of(company_id).number(setting):
            its_time |= Q(company_id=company_id, day__lt=today - timedelta(days=days))
    sealed_days = ExportDay.objects.filter(sealed_at__isnull=False)
    files = ExportFile.objects.filter(its_time, removed_at=None, day__in=sealed_days.values("day"))
    if SinkCursor.objects.filter(sink="blob", is_enabled=True).exists():
        copies = BlobCopy.objects.filter(path=OuterRef("path"), done_at__isnull=False)
        files = files.filter(Exists(copies))
    return files.exclude(sealed_at=None).order_by("day", "path")


def _gzip_or_tell(owner: Owner, root: Path, file: ExportFile) -> Iterator[None]:
    try:
        yield from _gzip(owner, root, file)
    except FileTrouble as fault:
        alarms.raise_alarm("file_trouble", file.path[-LONGEST:], str(fault))
    else:
        alarms.clear("file_trouble", file.path[-LONGEST:])


def _gzip(owner: Owner, root: Path, file: ExportFile) -> Iterator[None]:
    path = root / file.path
    there = daily_file.stored(path)
    if there is None:
        raise FileTrouble(f"{path} is not on disk: `hes export regenerate {file.path} --restore`")
    yield from daily_file.compress(there, daily_file.gzipped(path), file.sha256)
    with transaction.atomic():
        hold(owner)
        ExportFile.objects.filter(pk=file.pk).update(gzipped_at=Now())
    _take_away(path)
    log.info("%s: gzipped", file.path)


def _remove(owner: Owner, root: Path, file: ExportFile) -> None:
    name = file.path[-LONGEST:]
    with transaction.atomic():
        hold(owner)
        ExportFile.objects.filter(pk=file.pk).update(removed_at=Now())
        acts.note("file removed", name, lines=file.lines, bytes=file.size, sha256=file.sha256)
    _take_away(root / file.path, with_gzip=True)
    log.info("%s: removed, its .done and manifest stay", file.path)


def _take_away(path: Path, with_gzip: bool = False) -> None:
    daily_file.remove(path)
    if with_gzip:
        daily_file.remove(daily_file.gzipped(path))


def _database_day() -> date:
    with connection.cursor() as cursor:
        cursor.execute("SELECT (now() AT TIME ZONE 'UTC')::date")
        day: date = cursor.fetchone()[0]
    return day
