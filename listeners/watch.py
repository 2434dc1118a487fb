"""Raises an alarm where datagrams are lost, wait too long, or would be lost in a storm."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models.functions import Now

from devices import alarms
from listeners import silence, status
from listeners.status import RunStatus

QUIET = timedelta(minutes=10)  # then a loss is past


class Rule(NamedTuple):
    """When a run that lives has the alarm `name`, and what is said of it."""

    name: str
    holds: Callable[[RunStatus], bool]
    text: Callable[[RunStatus], str]


RULES = (
    Rule(
        "listener_lag",
        lambda run: run.lag_s > settings.LISTEN_LAG_ALARM,
        lambda run: f"a datagram waits for {run.lag_s:.0f} s, {run.spooled:,} lie on disk",
    ),
    Rule(
        "listener_buffer",
        lambda run: run.buffer < settings.LISTEN_BUFFER,
        lambda run: (
            f"the kernel grants {run.buffer:,} bytes of {settings.LISTEN_BUFFER:,}: a storm will "
            "lose datagrams; give CAP_NET_ADMIN, or raise net.core.rmem_max"
        ),
    ),
)
DROPS = "listener_drops"
_told: dict[str, int] = {}  # by subject: the drops that were told of


def look() -> int:
    """All of it once; returns 0, there is never more to do."""
    for run in status.read().listeners:
        if run.is_alive:
            _look_at(run)
    for past in alarms.open_alarms().filter(name=DROPS, seen_at__lt=Now() - QUIET):
        alarms.clear(DROPS, past.subject)
    return 0


def _look_at(run: RunStatus) -> None:
    subject = silence.subject_of(run.host, run.ports)
    for rule in RULES:
        if rule.holds(run):
            alarms.raise_alarm(rule.name, subject, rule.text(run))
        else:
            alarms.clear(rule.name, subject)
    if run.kernel_drops > _told.get(subject, 0):
        text = f"the kernel has dropped {run.kernel_drops:,} datagrams since the start"
        alarms.raise_alarm(DROPS, subject, text)
    _told[subject] = run.kernel_drops
