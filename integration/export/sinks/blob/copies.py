"""What is known of each copy (table `blob_copy`).

A row is committed before the first byte is sent. It stands for "somebody has tried and nobody knows
how it ended" until it is done, refused, or withdrawn because the service said no to the only
attempt. So a row that is found without an end is the witness of our own earlier attempt.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Now

from integration.export.cursor import Owner, hold
from integration.export.sinks.blob.sealed import Sealed
from integration.models import BlobCopy, SinkCursor

LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to copy a file; `may_be_ours`: an earlier one may have stored this content."""

    copy: BlobCopy
    is_first: bool
    may_be_ours: bool


def begin(owner: Owner, container: str, sealed: Sealed) -> Attempt:
    """Note that the upload begins. Raises OwnershipLost."""
    content = {"size": sealed.size, "sha256": sealed.sha256}
    with transaction.atomic():
        hold(owner)
        copy, is_first = BlobCopy.objects.get_or_create(
            container=container, path=sealed.path, defaults={"day": sealed.day, **content}
        )
        same = copy.sha256 == sealed.sha256
        if not same:
            BlobCopy.objects.filter(pk=copy.pk).update(**content)
    return Attempt(copy, is_first, may_be_ours=not is_first and same and copy.refused_at is None)


def finish(owner: Owner, attempt: Attempt, sealed: Sealed) -> None:
    """The blob is there."""
    with transaction.atomic():
        hold(owner)
        _row(attempt).update(done_at=Now(), refused_at=None, reason="")
        SinkCursor.objects.filter(sink=owner.sink).update(
            bytes=F("bytes") + sealed.size, lines=F("lines") + (sealed.rows or 0), moved_at=Now()
        )


def refuse(owner: Owner, attempt: Attempt, reason: str) -> None:
    """It cannot go until a person has done something."""
    with transaction.atomic():
        hold(owner)
        _row(attempt).update(refused_at=Now(), reason=reason[:LONGEST_REASON])


def withdraw(owner: Owner, attempt: Attempt) -> None:
    """The service said no to the only attempt: nothing of ours lies there."""
    if attempt.is_first:
        with transaction.atomic():
            hold(owner)
            _row(attempt).delete()


def refused(container: str) -> QuerySet[BlobCopy]:
    """What waits for a person, oldest day first."""
    copies = BlobCopy.objects.filter(container=container, done_at=None, refused_at__isnull=False)
    return copies.order_by("day", "path")


def failing(owner: Owner, error: str) -> datetime | None:
    """Note that nothing goes; returns since when."""
    with transaction.atomic():
        hold(owner)
        row = SinkCursor.objects.filter(sink=owner.sink)
        row.update(failing_since=Coalesce("failing_since", Now()), last_error=error[:300])
        return row.values_list("failing_since", flat=True).get()


def healthy(owner: Owner) -> None:
    """Note that it goes again, or still."""
    with transaction.atomic():
        hold(owner)
        SinkCursor.objects.filter(sink=owner.sink).update(failing_since=None, last_error="")


def _row(attempt: Attempt) -> QuerySet[BlobCopy]:
    return BlobCopy.objects.filter(pk=attempt.copy.pk)
