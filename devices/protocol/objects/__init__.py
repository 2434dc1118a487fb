"""Interface classes of IEC 62056-6-2 that the driver and the simulator share, one module each."""

from devices.protocol.objects.association import (
    CURRENT_ASSOCIATION,
    AssociationLn,
    ListedObject,
    object_list,
)
from devices.protocol.objects.base import CosemObject
from devices.protocol.objects.calendar import ACTIVITY_CALENDAR, ActivityCalendar
from devices.protocol.objects.clock import CLOCK, Clock
from devices.protocol.objects.control import (
    DISCONNECT_CONTROL,
    LIMITER,
    DisconnectControl,
    Limiter,
)
from devices.protocol.objects.data import DataObject
from devices.protocol.objects.image import IMAGE_TRANSFER, ImageTransfer, TransferStatus
from devices.protocol.objects.ntp import NTP_SETUP, NtpSetup
from devices.protocol.objects.payment import (
    ACCOUNT,
    CREDIT,
    TOKEN_GATEWAY,
    Account,
    CreditObject,
    Token,
    TokenGateway,
)
from devices.protocol.objects.profile import ProfileGeneric, capture_objects
from devices.protocol.objects.push import ALARM_SETUP, LAST_GASP_SETUP, PushSetup
from devices.protocol.objects.register import (
    ExtendedRegister,
    Register,
    ScalerUnit,
    scaler_unit,
)
from devices.protocol.objects.sap import SAP_ASSIGNMENT, SapAssignment, sap_list
from devices.protocol.objects.script_table import TARIFF_SCRIPTS, ScriptTable
from devices.protocol.objects.security import SECURITY_SETUP, SecuritySetup

__all__ = [
    "ACCOUNT",
    "ACTIVITY_CALENDAR",
    "ALARM_SETUP",
    "CLOCK",
    "CREDIT",
    "CURRENT_ASSOCIATION",
    "DISCONNECT_CONTROL",
    "IMAGE_TRANSFER",
    "LAST_GASP_SETUP",
    "LIMITER",
    "NTP_SETUP",
    "SAP_ASSIGNMENT",
    "SECURITY_SETUP",
    "TARIFF_SCRIPTS",
    "TOKEN_GATEWAY",
    "Account",
    "ActivityCalendar",
    "AssociationLn",
    "Clock",
    "CosemObject",
    "CreditObject",
    "DataObject",
    "DisconnectControl",
    "ExtendedRegister",
    "ImageTransfer",
    "Limiter",
    "ListedObject",
    "NtpSetup",
    "ProfileGeneric",
    "PushSetup",
    "Register",
    "SapAssignment",
    "ScalerUnit",
    "ScriptTable",
    "SecuritySetup",
    "Token",
    "TokenGateway",
    "TransferStatus",
    "capture_objects",
    "object_list",
    "sap_list",
    "scaler_unit",
]  # fmt: skip
