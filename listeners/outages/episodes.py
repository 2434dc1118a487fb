"""Losses and returns of power of one device, paired to episodes."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple


class Change(NamedTuple):
    """What a device, or somebody about it, said: dark or lit at a moment, and who said so."""

    at: datetime
    is_dark: bool
    source: str


class Episode(NamedTuple):
    """Without power from `began` to `ended`; `is_known` if it was open before these changes."""

    began: datetime
    ended: datetime | None
    ended_by: str
    is_known: bool


def episodes(changes: Iterable[Change], open_since: datetime | None) -> Iterator[Episode]:
    """The episodes that these changes, in the order of record, begin or end.

    A repeated loss or return says nothing new. A return that is dated before the loss ends the
    episode where it began: clocks differ by seconds, and time does not run backwards.
    """
    began, is_known = open_since, open_since is not None
    for change in changes:
        if change.is_dark and began is None:
            began, is_known = change.at, False
        elif not change.is_dark and began is not None:
            yield Episode(began, max(began, change.at), change.source, is_known)
            began = None
    if began is not None and not is_known:
        yield Episode(began, None, "", is_known=False)
