"""Listeners that fell silent, and what they left behind.

A listener is a host with its address and ports; its last start speaks for it. One that ended in
order is no longer expected. One that says nothing for `GONE_AFTER`, though it should once a second,
is gone: until it is there again at the same place, or a person says that it is not coming back.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from devices import alarms, audit
from devices.audit import Act
from hes.domain.errors import HesError
from hes.lib.person import person

GONE_AFTER = 30.0  # seconds; PostgreSQL may hang for 15 before it is given up (assumed)
GONE = "listener_gone"
OF_THE_LIVING = ("listener_lag", "listener_buffer", "listener_drops")
SUBJECT = 80  # characters
FORGOTTEN = "listener.forget"

# Rows without ports are of runs that never told of themselves: others wrote down what they left.
_LAST = """
SELECT DISTINCT ON (host, ports) uid, host, ports, ended_at, seen_at, spooled, waiting_since
FROM listener_run WHERE ports <> '' ORDER BY host, ports, started_at DESC, uid
"""
# Nobody can tell of himself while PostgreSQL is down.
_LISTENERS = f"""
SELECT uid, host, ports, seen_at, spooled, waiting_since, ended_at IS NULL
       AND greatest(seen_at, pg_postmaster_start_time()) < now() - %s * interval '1 second',
       ended_at IS NOT NULL
FROM ({_LAST}) AS last ORDER BY host, ports
"""
_FORGET = """
UPDATE listener_run SET ended_at = now(), spooled = 0, waiting_since = NULL
WHERE uid = ANY(%s::uuid[])
"""


class NotGone(HesError):
    """No listener of this host can be forgotten: it is there, has ended, or never was."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Where it listens, and what it said last; `waiting_since` is of its oldest datagram."""

    uid: UUID
    host: str
    ports: str
    seen_at: datetime
    spooled: int
    waiting_since: datetime | None
    is_gone: bool
    has_ended: bool

    @property
    def subject(self) -> str:
        """How alarms call it."""
        return subject_of(self.host, self.ports)

    def told(self) -> str:
        """What a person should know when it is gone."""
        left = f", {self.spooled:,} datagrams lie on its disk" if self.spooled else ""
        return f"silent since {self.seen_at:%Y-%m-%d %H:%M:%S}{left}: nobody listens there"


def subject_of(host: str, ports: str) -> str:
    """The subject of alarms about a listener."""
    return f"{host} {ports}"[:SUBJECT]


def listeners() -> list[Listener]:
    """All there ever were, each by its last start."""
    with connection.cursor() as cursor:
        cursor.execute(_LISTENERS, [GONE_AFTER])
        return [Listener(*row) for row in cursor.fetchall()]


def look() -> int:
    """Raise the alarm of those that are gone, clear what was said of those that live no more.

    Keeps nothing between two looks, so any number of processes may do it; returns 0.
    """
    known = listeners()
    gone = [one for one in known if one.is_gone]
    for one in gone:
        alarms.raise_alarm(GONE, one.subject, one.told())
    living = {one.subject for one in known if not (one.is_gone or one.has_ended)}
    _clear((GONE,), {one.subject for one in gone})
    _clear(OF_THE_LIVING, living)
    return 0


def forget(host: str) -> list[Listener]:
    """Expect the silent listeners of a host no more, and what lies on its disk neither.

    Raises NotGone where none of them is gone.
    """
    gone = [one for one in listeners() if one.host == host and one.is_gone]
    if not gone:
        raise NotGone(f"no listener of {host!r} is gone; see hes listeners status")
    act = Act(FORGOTTEN, person(), None, target=host, text="; ".join(one.told() for one in gone))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FORGET, [[one.uid for one in gone]])
        audit.note(cursor, act)
    look()
    return gone


def holding(before: datetime) -> list[Listener]:
    """Those that have datagrams from before this moment, which are not in the journal yet."""
    return [one for one in listeners() if one.waiting_since and one.waiting_since < before]


def _clear(names: tuple[str, ...], stays: set[str]) -> None:
    for past in alarms.open_alarms().filter(name__in=names).exclude(subject__in=stays):
        alarms.clear(past.name, past.subject)
