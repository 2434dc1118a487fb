"""What every duty says of itself: who carries it out, and whether it changes anything."""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar


class By(Enum):
    """Whose session carries a duty out."""

    METER = "meter"
    CONCENTRATOR = "concentrator"
    HEAD_END = "head-end"  # ourselves: nothing goes to a device


@dataclass(frozen=True, slots=True)
class Duty:
    """Base of all duties."""

    by: ClassVar[By] = By.METER
    changes: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Change(Duty):
    """Base of what moves, sets or charges."""

    changes: ClassVar[bool] = True
