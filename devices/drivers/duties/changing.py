"""What is moved, set or charged at a meter (companion profile 4.2, 5)."""

from dataclasses import dataclass

from devices.drivers.base import DstPeriod
from devices.drivers.duties.base import Change


@dataclass(frozen=True, slots=True)
class OpenBreaker(Change):
    """Disconnect."""


@dataclass(frozen=True, slots=True)
class CloseBreaker(Change):
    """Reconnect."""


@dataclass(frozen=True, slots=True)
class SetThreshold(Change):
    """Normal threshold of the limiter, W."""

    power: int


@dataclass(frozen=True, slots=True)
class SetContract(Change):
    """Contract power, W."""

    power: int


@dataclass(frozen=True, slots=True)
class EnterCredit(Change):
    """Our token: the transaction is accepted only above the last accepted one."""

    transaction: int
    amount: int  # Wh, signed


@dataclass(frozen=True, slots=True)
class SetPrepayment(Change):
    """Account mode, and thresholds (None: left as they are)."""

    mode: int
    warning: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class SetCalendar(Change):
    """Passive calendar `name` with `tables` (seasons, weeks, days as the driver's encoding wants
    them, JSON of the released tariff), activated at once."""

    name: str
    tables: str = ""


@dataclass(frozen=True, slots=True)
class ResetAlarms(Change):
    """Clears the latched bits of the alarm word."""


@dataclass(frozen=True, slots=True)
class SetMeterClock(Change):
    """Our time, `offset` minutes east of UTC."""

    offset: int


@dataclass(frozen=True, slots=True)
class SetMeterDst(Change):
    """The active pair."""

    period: DstPeriod
