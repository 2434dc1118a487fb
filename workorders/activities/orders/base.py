"""What an ordered activity is: parameters, steps and a read-back, pure (companion profile 5).

Steps are a generator: it yields duties, is sent their answers, and returns the result. The executor
commits SENDING before the first duty that changes something, so an activity says what to do and
never when it is safe. `read_back` asks only harmless duties; it turns UNKNOWN into a verdict.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from devices.drivers.duties import Answer, Duty
from hes.domain.errors import HesError


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

    `transaction` of a credit is drawn in the first SENDING transaction: None before.
    """

    order: int
    mac: bytes
    now: int
    offset: int
    parameters: Mapping[str, Any]
    transaction: int | None = None
    transaction_before: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line to export beside the result: kind R, DC, MP or PP with its fact (duties' answers)."""

    kind: str
    fact: Answer


@dataclass(frozen=True, slots=True)
class Result:
    """A final outcome. `code` as printed in HPE; `text` is `OK`, empty or an error text."""

    is_good: bool
    code: str
    text: str = ""
    breaker: int | None = None
    lines: tuple[Line, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


class NotDone:
    """Read back: the command was not executed; it may be sent again."""


class Unclear:
    """Read back: cannot be told; a person decides."""


Verdict = Result | NotDone | Unclear
Steps = Generator[Duty, Any, Result]
ReadBack = Generator[Duty, Any, Verdict]


@dataclass(frozen=True, slots=True)
class OrderActivity:
    """One kind of order: one module, one registry line.

    `command` stands in error texts. `read_back` None: repeating is harmless. `guarded`: the
    disconnect guard counts it. `fails_closed`: never sent while anything is doubtful.
    """

    kind: str
    printed: str
    target: Target
    is_commercial: bool
    command: str
    ok_code: str
    ko_code: str
    parse: Callable[[Mapping[str, Any]], dict[str, Any]]  # raises Rejected
    steps: Callable[[Facts], Steps]
    read_back: Callable[[Facts], ReadBack] | None = None
    guarded: bool = False
    supersedes: frozenset[str] = frozenset()  # kinds of older open orders of the meter it replaces
    needs_transaction: bool = False
