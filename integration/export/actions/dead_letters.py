"""``hes export dead-letters``: what hubs refused, and sending it again."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Length, Now

from hes.domain.errors import HesError
from hes.lib.tables import table
from integration.export import acts
from integration.export.sinks.event_hub.dead_letters import waiting
from integration.models import DeadLetter

SUMMARY = "messages that hubs refused: list them, or have them sent again"
COLUMNS = ("ID", "SINK", "MESSAGE", "BYTES", "TRIES", "PARKED", "STATE", "REASON")
ACT = "dead letter replay"


class NoSuchLetter(HesError):
    """Nothing with this number waits."""


def add_arguments(parser: ArgumentParser) -> None:
    """--replay."""
    parser.add_argument(
        "--replay", metavar="ID|all", help="send this one, or all, again with the same dedup id"
    )


def run(out: Callable[[str], None], *, replay: str | None = None, **_: Any) -> int:
    """List what waits, after asking for what is to be sent again."""
    if replay is not None:
        out(f"{ask(replay)} to be sent again by the exporter")
    letters = [_cells(letter) for letter in waiting().annotate(size=Length("body")).defer("body")]
    out("\n".join(table([COLUMNS, *letters])) if letters else "no message waits")
    return 0


def ask(which: str) -> int:
    """Ask for one, by its id, or all; returns how many. Raises NoSuchLetter."""
    letters = waiting() if which == "all" else _one(which)
    with transaction.atomic():
        for letter in letters.select_for_update().only("id", "sink", "dedup_id"):
            acts.note(ACT, letter.sink, dedup_id=letter.dedup_id, id=letter.pk)
        return letters.update(asked_at=Now())


def _one(which: str) -> QuerySet[DeadLetter]:
    letters = waiting().filter(pk=int(which)) if which.isdecimal() else DeadLetter.objects.none()
    if not letters.exists():
        raise NoSuchLetter(f"no message {which!r} waits: the list shows the IDs, `all` means all")
    return letters


def _cells(letter: Any) -> tuple[str, ...]:
    return (
        *(str(letter.pk), letter.sink, letter.dedup_id, f"{letter.size:,}"),
        *(str(letter.tries), f"{letter.parked_at:%Y-%m-%d %H:%M}"),
        *("asked for" if letter.asked_at else "parked", letter.reason),
    )
