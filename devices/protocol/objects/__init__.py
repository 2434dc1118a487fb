"""Interface classes of IEC 62056-6-2 that the driver and the simulator share, one module each."""

from devices.protocol.objects.association import (
    CURRENT_ASSOCIATION,
    AssociationLn,
    ListedObject,
    object_list,
)
from devices.protocol.objects.base import CosemObject
from devices.protocol.objects.clock import CLOCK, Clock
from devices.protocol.objects.data import DataObject
from devices.protocol.objects.profile import ProfileGeneric, capture_objects
from devices.protocol.objects.register import (
    ExtendedRegister,
    Register,
    ScalerUnit,
    scaler_unit,
)
from devices.protocol.objects.sap import SAP_ASSIGNMENT, SapAssignment, sap_list

__all__ = [
    "CLOCK", "CURRENT_ASSOCIATION", "SAP_ASSIGNMENT", "AssociationLn", "Clock", "CosemObject",
    "DataObject", "ExtendedRegister", "ListedObject", "ProfileGeneric", "Register",
    "SapAssignment", "ScalerUnit", "capture_objects", "object_list", "sap_list", "scaler_unit",
]  # fmt: skip
