"""What is read of a meter (companion profile 4)."""

from dataclasses import dataclass

from devices.drivers.duties.base import Duty


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
