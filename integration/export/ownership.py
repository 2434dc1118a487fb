"""One exporter works, others wait as hot spares (design 5).

Three guards, each for what the others cannot see: a lock on the export folder (a process that
still writes after its database session was cut), an advisory lock (a spare on another host, freed
with the session), and the owner epoch in every commit (a process that was frozen and thaws).
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from django.db.utils import Error as DatabaseFault

from integration.export.cursor import Owner, take_over

LOCK_NAME = ".exporter.lock"
FOLDER_MODE = 0o750


@contextmanager
def ownership(sink: str, root: Path) -> Iterator[Owner | None]:
    """The right to move `sink` into the folder `root`; None while another process has it.

    Raises ForeignCluster where the sink's position belongs to another cluster.
    """
    root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    with _folder_lock(root) as folder_is_ours, contextlib.ExitStack() as session:
        free = folder_is_ours and session.enter_context(session_lock(sink))
        yield take_over(sink) if free else None


@contextmanager
def _folder_lock(root: Path) -> Iterator[bool]:
    lock = os.open(root / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
    try:
        yield _flocked(lock)
    finally:
        os.close(lock)


def _flocked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def session_lock(sink: str) -> Iterator[bool]:
    """An advisory lock of this thread's database session; False while another session has it."""
    got = _advisory("pg_try_advisory_lock", sink)
    try:
        yield got
    finally:
        if got:
            with contextlib.suppress(DatabaseFault):  # a lost session has lost its locks
                _advisory("pg_advisory_unlock", sink)


def _advisory(function: str, sink: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtext('hes.sink'), hashtext(%s))", [sink])
        return bool(cursor.fetchone()[0])
