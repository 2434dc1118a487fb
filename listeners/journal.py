"""The raw journal in PostgreSQL, from the one thread that writes it.

A block and the mark that it is there are committed together: a block whose commit was in doubt is
written again, and the mark tells whether that is needed. So every datagram is there once.
"""

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from devices import partitions
from hes.lib.copy_binary import copy_binary
from listeners.batches import COLUMNS, moment
from listeners.blocks import Block

_MARK = """
INSERT INTO listener_run (uid, host, started_at, last_block, received)
VALUES (%(uid)s, %(host)s, %(first)s, %(number)s, %(count)s)
ON CONFLICT (uid) DO UPDATE SET last_block = excluded.last_block,
    received = listener_run.received + excluded.received
WHERE listener_run.last_block < excluded.last_block
"""
_TELL = """
INSERT INTO listener_run
    (uid, host, ports, kernel_drops, refused, buffer, spooled, waiting_since)
VALUES (%(uid)s, %(host)s, %(ports)s, %(drops)s, %(refused)s, %(buffer)s, %(spooled)s, %(waiting)s)
ON CONFLICT (uid) DO UPDATE SET seen_at = now(), ended_at = NULL, ports = excluded.ports,
    kernel_drops = excluded.kernel_drops, refused = excluded.refused, buffer = excluded.buffer,
    spooled = excluded.spooled, waiting_since = excluded.waiting_since
"""
_END = "UPDATE listener_run SET ended_at = now(), seen_at = now() WHERE uid = %s"


@dataclass(frozen=True, slots=True)
class Run:
    """One start of a listener."""

    uid: UUID
    host: str
    ports: str


class Sockets(NamedTuple):
    """What the sockets of a run say, since its start; `buffer` is the smallest one's, in bytes."""

    drops: int
    refused: int
    buffer: int


class Journal:
    """Writes blocks and what the run says of itself; raises errors of django.db."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._days: set[date] = set()  # whose partition is there
        self._session: socket.socket | None = None

    def write(self, blocks: Sequence[Block]) -> None:
        """All that are not there yet, in one transaction."""
        self._connect()
        for block in blocks:
            self._ensure(block)
        with transaction.atomic(), connection.cursor() as cursor:
            for block in blocks:
                self._write(cursor, block)

    def tell(self, sockets: Sockets, spooled: int, oldest_at: int | None) -> None:
        """Renew the row of the run; see ListenerRun. `oldest_at` counts microseconds from 1970."""
        self._connect()
        said: dict[str, str | int | UUID | datetime | None] = {
            "uid": self._run.uid,
            "host": self._run.host,
            "ports": self._run.ports,
            **sockets._asdict(),
            "spooled": spooled,
            "waiting": None if oldest_at is None else moment(oldest_at),
        }
        with connection.cursor() as cursor:
            cursor.execute(_TELL, said)

    def end(self) -> None:
        """The run is over."""
        self._connect()
        with connection.cursor() as cursor:
            cursor.execute(_END, [self._run.uid])

    def cut(self) -> None:
        """End a call that hangs; from another thread, harmless at any time.

        A server that is frozen answers nothing, no request to cancel either: the socket is shut.
        """
        if session := self._session:
            with suppress(OSError):
                session.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Drop the session; the next call makes a new one, and looks for partitions again."""
        self._days.clear()
        connection.close()
        if self._session:
            self._session.close()
            self._session = None

    def _connect(self) -> None:
        if connection.connection is None:
            self.close()
            with connection.cursor() as cursor:  # connects
                number = cursor.connection.fileno()
            self._session = socket.socket(fileno=os.dup(number))

    def _write(self, cursor: CursorWrapper, block: Block) -> None:
        mark: dict[str, str | int | UUID | datetime] = {
            "uid": block.run,
            "host": self._run.host,
            "first": moment(block.first_at),
            "number": block.number,
            "count": block.count,
        }
        cursor.execute(_MARK, mark)
        if cursor.rowcount:
            copy_binary(cursor, "datagram", COLUMNS, [block.rows])

    def _ensure(self, block: Block) -> None:
        for at in (block.first_at, block.last_at):
            day = moment(at).date()
            if day not in self._days:
                partitions.ensure("datagram", day, day)
                self._days.add(day)
