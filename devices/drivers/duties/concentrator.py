"""What is asked of the concentrator itself (companion profile 3.1, 3.4)."""

from dataclasses import dataclass
from typing import ClassVar

from devices.drivers.duties.base import By, Change, Duty


@dataclass(frozen=True, slots=True)
class ReadJobs(Duty):
    """-> tuple[Job, ...] the last 64"""

    by: ClassVar[By] = By.CONCENTRATOR


@dataclass(frozen=True, slots=True)
class Job:
    """state 0 queued 1 running 2 done 3 failed; code 0 or TB_ACK."""

    job: int
    command: int
    mac: bytes
    state: int
    code: int


@dataclass(frozen=True, slots=True)
class Post(Change):
    """A command into the mailbox (3.4): 4 release, 6 autodiscovery, 7 synchronise meter, 8 probe
    meter, 10 wake-up. The same job number again is a success without a second run."""

    by: ClassVar[By] = By.CONCENTRATOR

    command: int
    job: int
    mac: bytes = b""


@dataclass(frozen=True, slots=True)
class Spontaneous:
    """Spontaneous profile of the concentrator (3.1)."""

    wake_up: bool
    address: str
    wake_up_port: int
    period: int  # minutes
    last_gasp: bool
    meter_last_gasp: bool
    last_gasp_port: int


@dataclass(frozen=True, slots=True)
class ReadSpontaneous(Duty):
    """-> Spontaneous"""

    by: ClassVar[By] = By.CONCENTRATOR


@dataclass(frozen=True, slots=True)
class SetSpontaneous(Change):
    """Where and when it speaks by itself."""

    by: ClassVar[By] = By.CONCENTRATOR

    profile: Spontaneous
