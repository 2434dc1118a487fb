"""Steps of a released script: one attribute or method of the device, as the script names it.

Scripts are the one kind of order that is written in terms of the wire (companion profile 3.4), so
these duties carry a name (`class·OBIS·n`, `class·OBIS!n`) and a typed value. `script` is the name
that error texts print.
"""

from dataclasses import dataclass
from typing import ClassVar

from devices.drivers.duties.base import By, Change, Duty
from devices.protocol.axdr import Data


@dataclass(frozen=True, slots=True)
class ReadAttribute(Duty):
    """-> Data: the attribute of a meter as it stands"""

    script: str
    attribute: str


@dataclass(frozen=True, slots=True)
class SetAttribute(Change):
    """Write one attribute of a meter."""

    script: str
    attribute: str
    value: Data


@dataclass(frozen=True, slots=True)
class CallMethod(Change):
    """Call one method of a meter."""

    script: str
    method: str
    value: Data


@dataclass(frozen=True, slots=True)
class ReadOwnAttribute(ReadAttribute):
    """The same of the concentrator itself."""

    by: ClassVar[By] = By.CONCENTRATOR


@dataclass(frozen=True, slots=True)
class SetOwnAttribute(SetAttribute):
    """The same of the concentrator itself."""

    by: ClassVar[By] = By.CONCENTRATOR


@dataclass(frozen=True, slots=True)
class CallOwnMethod(CallMethod):
    """The same of the concentrator itself."""

    by: ClassVar[By] = By.CONCENTRATOR
