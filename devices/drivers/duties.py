"""What an order asks of a device, duty by duty, and what comes back: the seam to the drivers.

A duty names what is wanted, never how it is written on the wire; a driver carries it out with
`perform` or refuses it (Refused) where the device cannot. `changes` tells those that move, set or
charge something: SENDING is committed before the first of them. Source: companion profile 4, 5.
"""

from dataclasses import dataclass
from typing import ClassVar

from devices.drivers.base import ClockReading, DstPeriod


@dataclass(frozen=True, slots=True)
class Duty:
    """Base of all duties."""

    changes: ClassVar[bool] = False


# --- reading a meter ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadBreaker(Duty):
    """-> Breaker"""


@dataclass(frozen=True, slots=True)
class Breaker:
    """Disconnect control and limiter (4.2). Powers in W; `is_on` is the output as measured."""

    is_on: bool
    control: int  # 0 disconnected, 1 connected, 2 ready for reconnection
    threshold: int  # active limit
    normal: int  # limit as set
    contract: int

    @property
    def state(self) -> int:
        """0 open, 100 closed, else percent of the contract power."""
        if self.control != 1:
            return 0
        return min(100, round(100 * self.threshold / self.contract)) if self.contract else 100


@dataclass(frozen=True, slots=True)
class ReadRegisters(Duty):
    """-> Registers. `energy` is a code of hes.domain.energies; `previous`: last billing period."""

    energy: int
    previous: bool = False


@dataclass(frozen=True, slots=True)
class Registers:
    """Wh or varh, read at `at` (UTC epoch seconds), stamp offset in minutes."""

    energy: int
    total: int
    tariffs: tuple[int, int, int, int, int, int]
    at: int
    offset: int


@dataclass(frozen=True, slots=True)
class ReadMaximum(Duty):
    """-> Maximum. `energy` 2 (import) or 8 (export); tariff 0: any."""

    energy: int
    tariff: int = 0
    previous: bool = False


@dataclass(frozen=True, slots=True)
class Maximum:
    """Maximum demand in W and when it was (UTC epoch seconds, offset in minutes)."""

    power: int
    at: int
    offset: int


@dataclass(frozen=True, slots=True)
class ReadCredit(Duty):
    """-> Credit"""


@dataclass(frozen=True, slots=True)
class Credit:
    """`amount` Wh; the last token's transaction (None: never one) and its status (3 executed,
    4-7 refused, 0 none)."""

    amount: int
    transaction: int | None
    status: int
    at: int
    offset: int


@dataclass(frozen=True, slots=True)
class ReadPrepayment(Duty):
    """-> Prepayment"""


@dataclass(frozen=True, slots=True)
class Prepayment:
    """Account mode 1 credit, 2 prepayment; thresholds in Wh."""

    mode: int
    warning: int
    limit: int


@dataclass(frozen=True, slots=True)
class ReadTariff(Duty):
    """-> Tariff"""


@dataclass(frozen=True, slots=True)
class Tariff:
    """Active calendar's name, contract power and limit in W."""

    calendar: str
    contract: int
    normal: int


@dataclass(frozen=True, slots=True)
class ReadDiagnosis(Duty):
    """-> Diagnosis"""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Alarm word and error object, as read before anything was reset."""

    alarm_word: int
    errors: int


@dataclass(frozen=True, slots=True)
class ReadMeterClock(Duty):
    """-> ClockReading"""


@dataclass(frozen=True, slots=True)
class ReadMeterDst(Duty):
    """-> DstPeriod | None (the active pair)"""


@dataclass(frozen=True, slots=True)
class ReadPresence(Duty):
    """-> None; a public association and one GET: the meter answers or NodeSilent is raised."""


# --- changing a meter -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change(Duty):
    """Base of what moves, sets or charges."""

    changes: ClassVar[bool] = True


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


# --- the concentrator -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadJobs(Duty):
    """-> tuple[Job, ...] the last 64"""


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


@dataclass(frozen=True, slots=True)
class SetSpontaneous(Change):
    """Where and when it speaks by itself."""

    profile: Spontaneous


Answer = (
    Breaker | Registers | Maximum | Credit | Prepayment | Tariff | Diagnosis | ClockReading
    | DstPeriod | tuple[Job, ...] | Spontaneous | None
)  # fmt: skip
