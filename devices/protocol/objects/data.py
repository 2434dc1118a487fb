"""Class 1, data (IEC 62056-6-2)."""

from typing import ClassVar

from devices.protocol.objects.base import CosemObject


class DataObject(CosemObject):
    """One value."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 1
    VALUE: ClassVar[int] = 2
