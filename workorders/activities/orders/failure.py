"""Error texts of orders, as the documents print them: `[COMMAND] [TB_ACK_nn] REASON` (design 7)."""

from devices.drivers.duties import (
    ActivateImage,
    By,
    CallMethod,
    Duty,
    EnableTransfer,
    ImageDuty,
    InitiateTransfer,
    PostEntry,
    ReadAttribute,
    ReadMaximum,
    ReadPresence,
    ReadRegisters,
    ResetAlarms,
    SendBlock,
    SetAttribute,
    SetCalendar,
    VerifyImage,
)
from workorders.activities.orders.base import OrderActivity

FIRST_EXCHANGE = ReadPresence()
"""Stands for the association with a meter and the reading of its address (profile 5, ID)."""

_LONGEST = 200  # column result_text
_COMPLETE = ("Concentrator is unreachable", "Meter is unreachable")
_COMMANDS: dict[type[Duty], str] = {
    ReadPresence: "READ_METER_MACADDRESS",  # 002
    ReadMaximum: "READ_MAXPOWER",
    SetCalendar: "SET_TARIFF",
    ResetAlarms: "RESET_STATUSWORD",
    PostEntry: "SET_CE_ENTRY",
    EnableTransfer: "FW_INIT",
    InitiateTransfer: "FW_INIT",
    SendBlock: "FW_BLOCK",
    VerifyImage: "FW_VERIFY",
    ActivateImage: "FW_ACTIVATE",
}
_OF_CONCENTRATOR = "LVC_"  # before the commands of images (profile 5.3)
_REGISTERS = {
    0x02: "READ_ACTIVEIMPORT_CURRENTPERIOD",
    0x08: "READ_ACTIVEEXPORT_CURRENTPERIOD",  # 002
    0x04: "READ_REACTIVEIMPORT_CURRENTPERIOD",
    0x10: "READ_REACTIVEEXPORT_CURRENTPERIOD",
}
_BILLING = "READ_BILLING_PREVIOUSPERIOD"  # 002


def command_of(activity: OrderActivity, duty: Duty | None = None) -> str:
    """The name of the step that `duty` is; the activity's own where the step has none.

    Printed in `codes/command_names.csv` where 002 is noted; the others are assumed (profile 5).
    """
    if isinstance(duty, ReadRegisters):
        return _BILLING if duty.previous else _REGISTERS.get(duty.energy, activity.command)
    if isinstance(duty, ReadAttribute | SetAttribute | CallMethod):
        return duty.script
    if isinstance(duty, ImageDuty) and type(duty) in _COMMANDS:
        prefix = _OF_CONCENTRATOR if duty.by is By.CONCENTRATOR else ""
        return prefix + _COMMANDS[type(duty)]
    return _COMMANDS.get(type(duty), activity.command) if duty else activity.command


def failure_text(activity: OrderActivity, error_text: str, duty: Duty | None = None) -> str:
    """What HPE prints of an error: `error_text` behind the command that met it.

    An unreachable device is told without a command, because none was sent.
    """
    if error_text.startswith(_COMPLETE):
        return error_text[:_LONGEST]
    return f"[{command_of(activity, duty)}] {error_text}"[:_LONGEST]
