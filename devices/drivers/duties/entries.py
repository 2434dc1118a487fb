"""What a concentrator is told of a meter, and how far it has come with it (profile 3.3, 3.4)."""

from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag
from typing import ClassVar

from devices.drivers.duties.base import By, Change, Duty


class NodeState(IntEnum):
    """State of a meter in the node list T8."""

    SEEN = 0
    ENTERED = 1
    RECRUITING = 2
    COMMISSIONED = 3
    LOST = 4
    OWNED_BY_ANOTHER = 5


class Collected(IntFlag):
    """Flags of an entry: what is collected besides closures, profile and measurands."""

    NOTHING = 0
    CURRENT_DATA = 1
    VARIATION = 2
    INTERRUPTION = 4
    EVENTS = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """What a concentrator collects of a meter: a row of T10 (profile 3.3, 3.4).

    Masks have a bit per channel of `hes.domain.energies`; `period` of the load profile in minutes;
    measurands are (register, value kind, period in minutes). Row 0: the concentrator chooses.
    """

    mac: bytes
    serial: str
    phase: int
    row: int
    closure: int
    profile: int
    period: int
    flags: int
    measurands: tuple[tuple[int, int, int], ...]

    def fits(self, wanted: "Entry") -> bool:
        """Whether it is as ordered; the order of measurands means nothing."""
        row = wanted.row or self.row
        return self._sorted() == replace(wanted, row=row)._sorted()

    def _sorted(self) -> "Entry":
        return replace(self, measurands=tuple(sorted(self.measurands)))


@dataclass(frozen=True, slots=True)
class ReadEntry(Duty):
    """-> Entry of the meter in T10, None where there is none"""

    by: ClassVar[By] = By.CONCENTRATOR

    mac: bytes


@dataclass(frozen=True, slots=True)
class ReadNode(Duty):
    """-> NodeState of the meter in T8, None where it is not seen"""

    by: ClassVar[By] = By.CONCENTRATOR

    mac: bytes


@dataclass(frozen=True, slots=True)
class PostEntry(Change):
    """Mailbox command 1: the entry is written, or replaces the one there is."""

    by: ClassVar[By] = By.CONCENTRATOR

    job: int
    entry: Entry
