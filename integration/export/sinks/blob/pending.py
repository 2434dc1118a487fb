"""What is still to be copied, in the order that keeps a reader's promises.

A CSV file goes before its `.done`, and a manifest after both of all files of its company and day:
whoever sees one finds what it speaks of. A refused file therefore holds its own `.done` and its
day's manifest back, nothing else; it is tried again after a while.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat

from integration.models import BlobCopy, ExportDay, ExportFile

BATCH = 200
MANIFEST = re.compile(r"manifest_(\d{4}-\d{2}-\d{2})(?:_(\d+))?\.json")


def files(container: str, retry_before: datetime) -> QuerySet[ExportFile]:
    """The next sealed files of which the `.done` is not copied, oldest day first.

    Without those that were refused at or after `retry_before`.
    """
    refused = _copies(container).filter(done_at=None, refused_at__gte=retry_before)
    here = Q(path=OuterRef("path")) | Q(path=OuterRef("marker"))
    return _uncopied(container).exclude(Exists(refused.filter(here)))[:BATCH]


def manifests(root: Path, container: str, retry_before: datetime) -> Iterator[tuple[str, date]]:
    """Path below `root` and day of each manifest that may go now."""
    settled = Q(done_at__isnull=False) | Q(refused_at__gte=retry_before)
    copied = set(
        _copies(container).filter(settled, path__contains="/manifest_").values_list("path")
    )
    found = [entry for entry in _on_disk(root) if (entry[0],) not in copied]
    days = {day for _, day in found}
    sealed = set(_sealed(days))
    waiting = {
        (Path(file.path).parent.name, file.day)
        for file in _uncopied(container).filter(day__in=days)
    }
    for path, day in found:
        if day in sealed and (Path(path).parent.name, day) not in waiting:
            yield path, day


def _uncopied(container: str) -> QuerySet[ExportFile]:
    done = _copies(container).filter(path=OuterRef("marker"), done_at__isnull=False)
    sealed = ExportFile.objects.filter(sealed_at__isnull=False, removed_at=None)
    with_marker = sealed.annotate(marker=Concat(F("path"), Value(".done")))
    return with_marker.exclude(Exists(done)).order_by("day", "path")


def _copies(container: str) -> QuerySet[BlobCopy]:
    return BlobCopy.objects.filter(container=container)


def _sealed(days: Iterable[date]) -> QuerySet[ExportDay, date]:
    sealed = ExportDay.objects.filter(day__in=days, sealed_at__isnull=False)
    return sealed.values_list("day", flat=True)


def _on_disk(root: Path) -> list[tuple[str, date]]:
    """All manifests by day and number; numbers follow late data."""
    found = []
    for path in root.glob("*/manifest_*.json"):
        if name := MANIFEST.fullmatch(path.name):
            day = date.fromisoformat(name[1])
            found.append((day, int(name[2] or 1), path.relative_to(root).as_posix()))
    return [(path, day) for day, _, path in sorted(found)]
