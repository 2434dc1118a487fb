"""When power was back in truth, where a device is heard of it after somebody else.

An answer or an order says that power is back by then at the latest: until then nobody asked. The
device's own stamp says when; it arrives late (002: 139 s after the fact), so both come together.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from listeners.outages.episodes import Change

BY_OTHERS = frozenset({"answer", "order"})  # an end that they gave may have been earlier


class Noted(NamedTuple):
    """An interruption as it was noted: without power from `began` to `ended`, who told the end."""

    began: datetime
    ended: datetime
    ended_by: str


def true_end(noted: Noted, returns: Iterable[Change]) -> Change | None:
    """The earliest return of power that is better knowledge than the noted end; None if none is.

    It lies between begin and noted end. What the device itself said of its end stands.
    """
    if noted.ended_by not in BY_OTHERS:
        return None
    within = (one for one in returns if not one.is_dark and noted.began <= one.at < noted.ended)
    return min(within, key=lambda one: one.at, default=None)
