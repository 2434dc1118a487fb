"""Class 17, SAP assignment (IEC 62056-6-2)."""

from typing import ClassVar

from devices.protocol import expect
from devices.protocol.axdr import Data
from devices.protocol.objects.base import CosemObject


class SapAssignment(CosemObject):
    """The logical devices of a physical one."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 17
    SAP_LIST: ClassVar[int] = 2


SAP_ASSIGNMENT = SapAssignment.at("0.0.41.0.0")


def sap_list(value: Data) -> dict[int, bytes]:
    """Attribute 2: server wPort -> logical device name."""
    pairs = (expect.structure(pair, "SAP", 2) for pair in expect.array(value, "SAP list"))
    return {expect.integer(sap, "SAP"): expect.octets(name, "device name") for sap, name in pairs}
