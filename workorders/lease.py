"""The life of one worker incarnation: a row with a lease, and the same lease on our own clock.

The database clock decides who may take lanes over. The worker must know *before* that moment that
it may no longer act, also after a freeze or suspend: so it counts on CLOCK_BOOTTIME from before the
statement was sent.
"""

import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection

LEASE_SECONDS = 30.0
RENEW_SECONDS = 5.0
KEPT_DAYS = 7

_REGISTER = """
INSERT INTO worker (host, pid, started_at, lease_until)
VALUES (%s, %s, clock_timestamp(), clock_timestamp() + %s * interval '1 second')
RETURNING id, extract(epoch FROM clock_timestamp())
"""
_RENEW = """
UPDATE worker SET lease_until = clock_timestamp() + %s * interval '1 second'
WHERE id = %s AND lease_until > clock_timestamp() AND stopped_at IS NULL
RETURNING id, extract(epoch FROM clock_timestamp())
"""
_END = """
UPDATE worker SET stopped_at = clock_timestamp(), lease_until = clock_timestamp() WHERE id = %s
"""

# A lane that nobody has freed yet keeps its owner's row.
_FORGET = """
DELETE FROM worker w WHERE lease_until < clock_timestamp() - %s * interval '1 day'
    AND NOT EXISTS (SELECT FROM lane WHERE owner_id = w.id)
"""


def boottime() -> float:
    """Seconds that also count while the host sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(slots=True)
class Lease:
    """A worker incarnation and how long it may still act; `database_offset`: ours minus theirs."""

    worker: int
    seconds: float
    deadline: float
    database_offset: float
    clock: Callable[[], float] = boottime

    def is_alive(self) -> bool:
        """Whether this worker may still send to devices and record."""
        return self.clock() < self.deadline

    def renew(self) -> bool:
        """Extend by a full lease; False when the incarnation is over and lanes may be gone."""
        began, row = _timed(_RENEW, [self.seconds, self.worker])
        if row is None:
            self.deadline = float("-inf")
            return False
        self.deadline = began + self.seconds
        self.database_offset = row[1]
        return True

    def end(self) -> None:
        """Say goodbye; lanes still held are free for others at once."""
        self.deadline = float("-inf")
        with connection.cursor() as cursor:
            cursor.execute(_END, [self.worker])


def register(seconds: float = LEASE_SECONDS) -> Lease:
    """A new incarnation of this process."""
    began, row = _timed(_REGISTER, [socket.gethostname()[:100], os.getpid(), seconds])
    if row is None:
        raise AssertionError("an insert returns its row")
    return Lease(row[0], seconds, began + seconds, row[1])


def forget_ended(days: int = KEPT_DAYS) -> int:
    """Delete the incarnations that ended more than `days` ago; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [days])
        return int(cursor.rowcount)


def _timed(statement: str, values: list[float | str]) -> tuple[float, tuple[int, float] | None]:
    """(boot time before sending, (worker id, host clock minus database clock) or None)."""
    began, sent = boottime(), time.time()
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    if row is None:
        return began, None
    return began, (row[0], (sent + time.time()) / 2 - float(row[1]))
