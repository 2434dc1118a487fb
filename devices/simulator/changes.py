"""How a device carries out what changes it: counted, kept, and harmed by faults."""

from collections.abc import Callable
from typing import Protocol

from devices.protocol.errors import DataAccess

NO_EFFECT = None
"""What was asked is so already: a success that is no execution."""

Outcome = DataAccess | None
Execute = Callable[[], DataAccess]
Guard = Callable[[str, Callable[[], Outcome]], DataAccess]
"""(name of the attribute or method, what would carry it out) -> the answer."""


class LineCut(Exception):
    """The connection breaks instead of an answer."""


class NodeFellSilent(Exception):
    """The concentrator answers for its meter; `delivered`: the meter got the request."""

    def __init__(self, *, delivered: bool) -> None:
        super().__init__(f"delivered {delivered}")
        self.delivered = delivered


class ChangeFault(Protocol):
    """Harms changes of a device; asked once per change."""

    def strikes(self) -> bool:
        """Whether this change is harmed."""

    def harm(self, execute: Execute) -> DataAccess:
        """Carry it out in its own way."""


def counted(count: Callable[[], None], execute: Callable[[], Outcome]) -> DataAccess:
    """Carry out; `count` if it had an effect."""
    outcome = execute()
    if outcome is DataAccess.SUCCESS:
        count()
    return DataAccess.SUCCESS if outcome is NO_EFFECT else outcome
