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

Answer = (
    Breaker | Registers | Maximum | Credit | Prepayment | Tariff | Diagnosis | ClockReading
    | DstPeriod | tuple[Job, ...] | Spontaneous | None
)  # fmt: skip

__all__ = [
    "Answer",
    "Breaker",
    "By",
    "Change",
    "CloseBreaker",
    "Credit",
    "Diagnosis",
    "Duty",
    "EnterCredit",
    "Job",
    "Maximum",
    "OpenBreaker",
    "Post",
    "Prepayment",
    "ReadBreaker",
    "ReadCredit",
    "ReadDiagnosis",
    "ReadJobs",
    "ReadMaximum",
    "ReadMeterClock",
    "ReadMeterDst",
    "ReadPrepayment",
    "ReadPresence",
    "ReadRegisters",
    "ReadSpontaneous",
    "ReadTariff",
    "Registers",
    "ResetAlarms",
    "SetCalendar",
    "SetContract",
    "SetMeterClock",
    "SetMeterDst",
    "SetPrepayment",
    "SetSpontaneous",
    "SetThreshold",
    "Spontaneous",
    "Tariff",
]
