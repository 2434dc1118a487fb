"""What an ordered activity is: parameters, steps and a read-back, pure (companion profile 5).

Steps are a generator: it yields duties, is sent their answers, and returns the result. The executor
commits SENDING before the first duty that changes something, so an activity says what to do and
never when it is safe. `read_back` asks only harmless duties; it turns UNKNOWN into a verdict.

A FieldError of a duty is *thrown into* the generator: an activity that knows what an error means
(a silent node is a finding of the outage check; a refused last read takes nothing back that is
done) catches it, all others come out again as they went in. Steps may also raise one themselves:
after a change, Busy (its job still runs) and Garbled (what is read fits nothing) leave it unknown.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from devices.drivers.duties import Answer, By, Change, Credit, Duty, Registers
from hes.domain.errors import HesError
from hes.domain.records import MaximumPower


class Target(StrEnum):
    METER = "meter"
    CONCENTRATOR = "concentrator"


class Rejected(HesError):
    """A submission that is refused; `code` is of `codes/reply_error_codes.csv`."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"[{code}] {text}")
        self.code, self.text = code, text


@dataclass(frozen=True, slots=True)
class Facts:
    """What steps may know. `now` is UTC epoch seconds; `offset` minutes east of UTC at the device.

    `transaction` of a credit is drawn in the first SENDING transaction: None before. `attempts`:
    how often the order was begun or given back before.
    """

    order: int
    mac: bytes
    now: int
    offset: int
    parameters: Mapping[str, Any]
    transaction: int | None = None
    transaction_before: int | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Deed(Duty):
    """What the head-end itself does in the middle of an order, committed before it is answered.

    Each kind has its function in `workorders.deeds`. It must be harmless to do it twice: a killed
    worker's order comes back to it.
    """

    by: ClassVar[By] = By.HEAD_END


@dataclass(frozen=True, slots=True)
class DrawTransaction(Change):
    """-> int: the order's transaction. Nothing goes to the device.

    As a change it is preceded by SENDING, which draws the transaction once and for all repeats.
    """

    by: ClassVar[By] = By.HEAD_END


@dataclass(frozen=True, slots=True)
class Reassociate(Deed):
    """-> None: the association with the meter is released; its next duty opens another one."""


@dataclass(frozen=True, slots=True)
class HostClock(Deed):
    """-> str: why no clock of a device may be set from ours now; empty when it may."""


@dataclass(frozen=True, slots=True)
class Collect(Deed):
    """-> int: meters in the table of the scheduled collection `activity`, read and recorded now."""

    activity: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line to export beside the result: R and DC with Registers, MP MaximumPower, PP Credit."""

    kind: str
    fact: Registers | MaximumPower | Credit


@dataclass(frozen=True, slots=True)
class Effect:
    """What the end of an order changes in the inventory, in the same transaction.

    Each kind has its function in `workorders.effects`.
    """


@dataclass(frozen=True, slots=True)
class Result:
    """A final outcome. `code` as printed in HPE (empty: no line); `text` is `OK` or an error text.

    `values` may hold `alarm_word` and `errors` (as read before any reset), `credit`,
    `transaction`, `finding`: what a reader may want.
    """

    is_good: bool
    code: str
    text: str = ""
    breaker: int | None = None
    lines: tuple[Line, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Later:
    """Not at its end, and all that was sent was answered: go on in another visit.

    The steps then begin anew and skip what they find done. Others get the lane meanwhile, for
    `pause` seconds at least; the order keeps its expiry and loses no attempt.
    """

    pause: float
    text: str


class NotDone:
    """Read back: the command was not executed; it may be sent again."""


class Unclear:
    """Read back: cannot be told; a person decides."""


Verdict = Result | NotDone | Unclear
Steps = Generator[Duty, Any, Result]
LongSteps = Generator[Duty, Any, Result | Later]
ReadBack = Generator[Duty, Any, Verdict]


@dataclass(frozen=True, slots=True)
class OrderActivity:
    """One kind of order: one module, one registry line.

    `target` is what the order is about; its duties say who carries them out: an outage check is
    about a meter and done by its concentrator. `command` stands in error texts. `read_back` None:
    repeating is harmless. `guarded`: the disconnect guard counts it. `is_long`: its steps may end
    in Later; never one that moves a breaker or money. `paced`: not all of a concentrator at once.
    `by_password`: it may be carried out by the commissioning client, without keys.
    `is_patient`: while nothing is sent, a silent device is waited for until the order expires.
    """

    kind: str
    printed: str
    target: Target
    is_commercial: bool
    command: str
    ok_code: str
    ko_code: str
    parse: Callable[[Mapping[str, Any]], dict[str, Any]]  # raises Rejected
    steps: Callable[[Facts], Steps | LongSteps]
    read_back: Callable[[Facts], ReadBack] | None = None
    guarded: bool = False
    paced: bool = False
    supersedes: frozenset[str] = frozenset()  # kinds of older open orders of the meter it replaces
    needs_transaction: bool = False
    is_long: bool = False
    by_password: bool = False
    is_patient: bool = False

    def transaction_before(self, answers: Iterable[Answer]) -> int | None:
        """From the answers before the first change: the meter's last transaction, 0 if it never
        had one. None for orders without transaction, and where it was not read.
        """
        if not self.needs_transaction:
            return None
        credits = [answer for answer in answers if isinstance(answer, Credit)]
        return (credits[-1].transaction or 0) if credits else None
