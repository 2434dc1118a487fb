"""The blob sink: copies sealed files to a container, at its own pace.

It only reads the ledger and the files. Whatever goes wrong over there, files are written and
sealed as always and wait; nothing is given up but by a person.
"""

import logging
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from azure.core.exceptions import AzureError
from django.db import connection

from devices import alarms
from integration.export.cursor import Owner, OwnershipLost, position_of, take_over
from integration.export.known import BLOB
from integration.export.ownership import session_lock
from integration.export.runner import Every
from integration.export.sinks.blob import copies, expiry, pending
from integration.export.sinks.blob.copies import Attempt
from integration.export.sinks.blob.faults import explain, is_answer
from integration.export.sinks.blob.sealed import Interrupted, Sealed, daily, small
from integration.export.sinks.blob.target import Target, configured
from integration.export.sinks.blob.uploads import NameTaken, Uploads, Vanished, client_options
from integration.export.sinks.daily_file import FileTrouble
from integration.models import SinkCursor
from workorders.threads import DATABASE_GONE

log = logging.getLogger(__name__)

TELL_EVERY = 60.0
PASSING = (AzureError, OSError, Vanished)
PERSON = (NameTaken, FileTrouble)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: between two looks, of one request, of the back-off, between proofs of access."""

    poll: float = 10.0
    connect: float = 10.0
    read: float = 30.0
    first_pause: float = 1.0
    longest_pause: float = 60.0
    probe: float = 3600.0
    retry_refused: float = 6 * 3600.0


class BlobService:
    """Serves the sink until `stop` is set, as its owner or as a hot spare.

    Raises BadTarget at once where the settings name no container.
    """

    name = BLOB

    def __init__(
        self,
        stop: threading.Event,
        root: Path,
        target: Target | None = None,
        pace: Pace = Pace(),
    ) -> None:
        self._stop, self._root, self._pace = stop, root, pace
        self._target = target or configured()
        self._steps = 0
        self._is_outside = False
        self._failures = 0
        self._is_proved = False  # an alarm of an earlier run may stand
        self._tell = Every(TELL_EVERY)

    def run(self) -> None:
        """Until `stop`; raises ForeignCluster, which no waiting heals."""
        while not self._stop.is_set():
            try:
                self._serve()
            except (*DATABASE_GONE, OwnershipLost) as fault:
                connection.close()
                self._retreat(str(fault))
        connection.close()

    def sign(self) -> int | None:
        """Changes with every step; None while it waits or a request is out.

        Requests have time-outs of their own, and a slow line may take minutes for one file.
        """
        return None if self._is_outside else self._steps

    def _serve(self) -> None:
        with session_lock(BLOB) as is_ours:
            if is_ours and _is_enabled():
                self._serve_as(take_over(BLOB))
            elif self._tell():
                log.info("%s: disabled, or another process is at work: waiting", BLOB)
        self._wait(self._pace.poll)

    def _serve_as(self, owner: Owner) -> None:
        log.info("%s: epoch %d begins, to %s", BLOB, owner.epoch, self._target.address)
        self._began = _database_time()
        self._proof = Every(self._pace.probe)
        options = client_options(self._pace.connect, self._pace.read)
        with self._target.client(**options) as container:
            uploads = Uploads(container, self._root, self._stop)
            while not self._stop.is_set():
                self._turn(owner, uploads)

    def _turn(self, owner: Owner, uploads: Uploads) -> None:
        """Everything that waits, unless something is in the way."""
        position_of(owner)
        try:
            if self._proof():
                self._prove(owner, uploads)
            moved = self._copy_all(owner, uploads)
        except PASSING as fault:
            self._note_failure(owner, explain(fault, self._target))
        else:
            self._note_health(owner)
            self._tell_refused()
            if not moved:
                self._wait(self._pace.poll)

    def _prove(self, owner: Owner, uploads: Uploads) -> None:
        """Learn by day that an upload at midnight would fail."""
        expiry.look(self._target, BLOB)
        with self._outside():
            uploads.probe()

    def _copy_all(self, owner: Owner, uploads: Uploads) -> int:
        """A batch of files and all manifests that may go; returns how many were copied."""
        limit = _database_time() - timedelta(seconds=self._pace.retry_refused)
        moved, retry_before = 0, max(self._began, limit)
        for file in pending.files(self._target.address, retry_before):
            if self._copy(owner, uploads, daily(file)):
                marker = small(self._root, f"{file.path}.done", file.day)
                moved += self._copy(owner, uploads, marker)
        for path, day in pending.manifests(self._root, self._target.address, retry_before):
            moved += self._copy(owner, uploads, small(self._root, path, day))
        return moved

    def _copy(self, owner: Owner, uploads: Uploads, sealed: Sealed) -> bool:
        """Whether the file is there now; False when it waits for a person, or we are to stop."""
        if self._stop.is_set():
            return False
        attempt = copies.begin(owner, self._target.address, sealed)
        if attempt.copy.done_at is None:
            return self._try(owner, uploads, attempt, sealed)
        return True

    def _try(self, owner: Owner, uploads: Uploads, attempt: Attempt, sealed: Sealed) -> bool:
        try:
            with self._outside():
                uploads.put(sealed, attempt.may_be_ours)
        except Interrupted:
            return False
        except PERSON as fault:
            return self._refuse(owner, attempt, str(fault))
        except AzureError as fault:
            if not is_answer(fault):
                raise
            self._find_cause(owner, uploads, attempt)
            reason = f"the service takes others, but not this: {explain(fault, self._target)}"
            return self._refuse(owner, attempt, reason)
        copies.finish(owner, attempt, sealed)
        log.info("%s: %s copied, %d bytes", BLOB, sealed.path, sealed.size)
        return True

    def _find_cause(self, owner: Owner, uploads: Uploads, attempt: Attempt) -> None:
        """Returns when the service says no to this file alone, raises when to any."""
        try:
            with self._outside():
                uploads.probe()
        except AzureError:
            copies.withdraw(owner, attempt)
            raise

    def _refuse(self, owner: Owner, attempt: Attempt, reason: str) -> bool:
        log.error("%s: %s is not copied: %s", BLOB, attempt.copy.path, reason)
        copies.refuse(owner, attempt, reason)
        return False

    def _tell_refused(self) -> None:
        refused = copies.refused(self._target.address)
        if first := refused.first():
            others = refused.count() - 1
            more = f" ({others} more like it)" if others else ""
            alarms.raise_alarm("blob_refused", BLOB, f"{first.path}{more}: {first.reason}")
        else:
            alarms.clear("blob_refused", BLOB)

    def _note_health(self, owner: Owner) -> None:
        if self._failures or not self._is_proved:
            copies.healthy(owner)
            alarms.clear("sink_failing", BLOB)
        self._failures, self._is_proved = 0, True

    def _note_failure(self, owner: Owner, text: str) -> None:
        """The first one may be a lost answer, which the next attempt finds out."""
        self._proof = Every(self._pace.probe)
        since = copies.failing(owner, text)
        if self._failures:
            said = f"since {since:%Y-%m-%d %H:%M} UTC nothing is copied to {self._target.address}"
            alarms.raise_alarm("sink_failing", BLOB, f"{said}: {text}")
        self._retreat(text)

    def _retreat(self, text: str) -> None:
        """Wait longer each time, and never in step with others."""
        pause = min(self._pace.longest_pause, self._pace.first_pause * 2 ** min(self._failures, 30))
        pause *= random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        self._failures += 1
        log.warning("%s: %s; next attempt in %.1f s", BLOB, text, pause)
        self._wait(pause)

    def _wait(self, seconds: float) -> None:
        with self._outside():
            self._stop.wait(seconds)

    @contextmanager
    def _outside(self) -> Iterator[None]:
        self._is_outside = True
        try:
            yield
        finally:
            self._steps += 1
            self._is_outside = False


def _is_enabled() -> bool:
    return not SinkCursor.objects.filter(sink=BLOB, is_enabled=False).exists()


def _database_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cast(datetime, cursor.fetchone()[0])
