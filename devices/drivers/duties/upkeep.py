"""Clock, summer times, time server and status word of a concentrator (companion profile 3.1)."""

from dataclasses import dataclass
from typing import ClassVar

from devices.drivers.base import DstPeriod
from devices.drivers.duties.base import By, Change, Duty


@dataclass(frozen=True, slots=True)
class ReadClock(Duty):
    """-> ClockReading"""

    by: ClassVar[By] = By.CONCENTRATOR


@dataclass(frozen=True, slots=True)
class SetClock(Change):
    """Our time, `offset` minutes east of UTC."""

    by: ClassVar[By] = By.CONCENTRATOR

    offset: int


@dataclass(frozen=True, slots=True)
class ReadTimeZone(Duty):
    """-> int: minutes to add to local normal time to get UTC"""

    by: ClassVar[By] = By.CONCENTRATOR


@dataclass(frozen=True, slots=True)
class SetTimeZone(Change):
    """Minutes to add to local normal time to get UTC (Santiago 240)."""

    by: ClassVar[By] = By.CONCENTRATOR

    minutes: int


@dataclass(frozen=True, slots=True)
class ReadDstTable(Duty):
    """-> tuple[DstPeriod, ...] as the concentrator lists them"""

    by: ClassVar[By] = By.CONCENTRATOR


@dataclass(frozen=True, slots=True)
class SetDstTable(Change):
    """The whole table; the concentrator keeps its clock and its meters in step."""

    by: ClassVar[By] = By.CONCENTRATOR

    periods: tuple[DstPeriod, ...]


@dataclass(frozen=True, slots=True)
class Ntp:
    """Where the concentrator takes its time from between our visits.

    `authentication` as the class numbers it: 0 none, 1 shared secrets, 2 IFF.
    """

    is_active: bool
    server: str
    port: int
    authentication: int


@dataclass(frozen=True, slots=True)
class ReadNtp(Duty):
    """-> Ntp"""

    by: ClassVar[By] = By.CONCENTRATOR


@dataclass(frozen=True, slots=True)
class SetNtp(Change):
    """The time server; activated or switched off last."""

    by: ClassVar[By] = By.CONCENTRATOR

    ntp: Ntp


@dataclass(frozen=True, slots=True)
class ReadStatusWord(Duty):
    """-> bytes: the three bytes as printed"""

    by: ClassVar[By] = By.CONCENTRATOR
