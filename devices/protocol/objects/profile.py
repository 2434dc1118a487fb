"""Class 7, profile generic (IEC 62056-6-2). Rows: devices.protocol.rows."""

from typing import ClassVar

from devices.protocol import expect
from devices.protocol.axdr import Data
from devices.protocol.objects.base import CosemObject
from devices.protocol.selective import CaptureObject, capture_object


class ProfileGeneric(CosemObject):
    """A buffer of rows captured from other objects; methods 1 reset, 2 capture."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 7
    BUFFER: ClassVar[int] = 2
    CAPTURE_OBJECTS: ClassVar[int] = 3
    CAPTURE_PERIOD: ClassVar[int] = 4
    SORT_METHOD: ClassVar[int] = 5
    SORT_OBJECT: ClassVar[int] = 6
    ENTRIES_IN_USE: ClassVar[int] = 7
    PROFILE_ENTRIES: ClassVar[int] = 8
    RESET: ClassVar[int] = 1
    CAPTURE: ClassVar[int] = 2


def capture_objects(value: Data) -> tuple[CaptureObject, ...]:
    """Attribute 3: the columns of the buffer, in order."""
    return tuple(map(capture_object, expect.array(value, "capture objects")))
