"""What an order asks of a device, duty by duty, and what comes back: the seam to the drivers.

A duty names what is wanted, never how it is written on the wire; a driver carries it out with
`perform` or refuses it (Refused) where the device cannot. `changes` tells those that move, set or
charge something: SENDING is committed before the first of them. Source: companion profile 4, 5.
"""

from devices.drivers.base import ClockReading, DstPeriod
from devices.drivers.duties.base import (
    By,
    Change,
    Duty,
)
from devices.drivers.duties.changing import (
    CloseBreaker,
    EnterCredit,
    OpenBreaker,
    ResetAlarms,
    SetCalendar,
    SetContract,
    SetMeterClock,
    SetMeterDst,
    SetPrepayment,
    SetThreshold,
)
from devices.drivers.duties.concentrator import (
    Job,
    Post,
    ReadJobs,
    ReadSpontaneous,
    SetSpontaneous,
    Spontaneous,
)
from devices.drivers.duties.configuration import (
    MeterSetup,
    ReadMeterSetup,
    SetMeterZone,
    SetProfilePeriod,
)
from devices.drivers.duties.entries import (
    Collected,
    Entry,
    NodeState,
    PostEntry,
    ReadEntry,
    ReadNode,
)
from devices.drivers.duties.reading import (
    Breaker,
    Credit,
    Diagnosis,
    Maximum,
    Prepayment,
    ReadBreaker,
    ReadCredit,
    ReadDiagnosis,
    ReadMaximum,
    ReadMeterClock,
    ReadMeterDst,
    ReadPrepayment,
    ReadPresence,
    ReadRegisters,
    ReadTariff,
    Registers,
    Tariff,
)
from devices.drivers.duties.scripted import (
    CallMethod,
    CallOwnMethod,
    ReadAttribute,
    ReadOwnAttribute,
    SetAttribute,
    SetOwnAttribute,
)
from devices.drivers.duties.security import (
    KeyId,
    KeySet,
    KeyUse,
    MutualAuthentication,
    PostMeterKeys,
    ReadMutualAuthentication,
    SetMutualAuthentication,
    TransferConcentratorKeys,
    TransferKeys,
    WrappedKey,
)
from devices.drivers.duties.upkeep import (
    Ntp,
    ReadClock,
    ReadDstTable,
    ReadNtp,
    ReadStatusWord,
    ReadTimeZone,
    SetClock,
    SetDstTable,
    SetNtp,
    SetTimeZone,
)
from devices.protocol.axdr import Data

Answer = (
    Breaker | Registers | Maximum | Credit | Prepayment | Tariff | Diagnosis | ClockReading |
    DstPeriod | tuple[Job, ...] | Spontaneous | tuple[DstPeriod, ...] | Ntp | Data |
    MutualAuthentication | Entry | NodeState | MeterSetup | None
)  # fmt: skip

__all__ = [
    "Answer",
    "Breaker",
    "By",
    "CallMethod",
    "CallOwnMethod",
    "Change",
    "CloseBreaker",
    "Collected",
    "Credit",
    "Diagnosis",
    "Duty",
    "EnterCredit",
    "Entry",
    "Job",
    "KeyId",
    "KeySet",
    "KeyUse",
    "Maximum",
    "MeterSetup",
    "MutualAuthentication",
    "NodeState",
    "Ntp",
    "OpenBreaker",
    "Post",
    "PostEntry",
    "PostMeterKeys",
    "Prepayment",
    "ReadAttribute",
    "ReadBreaker",
    "ReadClock",
    "ReadCredit",
    "ReadDiagnosis",
    "ReadDstTable",
    "ReadEntry",
    "ReadJobs",
    "ReadMaximum",
    "ReadMeterClock",
    "ReadMeterDst",
    "ReadMeterSetup",
    "ReadMutualAuthentication",
    "ReadNode",
    "ReadNtp",
    "ReadOwnAttribute",
    "ReadPrepayment",
    "ReadPresence",
    "ReadRegisters",
    "ReadSpontaneous",
    "ReadStatusWord",
    "ReadTariff",
    "ReadTimeZone",
    "Registers",
    "ResetAlarms",
    "SetAttribute",
    "SetCalendar",
    "SetClock",
    "SetContract",
    "SetDstTable",
    "SetMeterClock",
    "SetMeterDst",
    "SetMeterZone",
    "SetMutualAuthentication",
    "SetNtp",
    "SetOwnAttribute",
    "SetPrepayment",
    "SetProfilePeriod",
    "SetSpontaneous",
    "SetThreshold",
    "SetTimeZone",
    "Spontaneous",
    "Tariff",
    "TransferConcentratorKeys",
    "TransferKeys",
    "WrappedKey",
]
