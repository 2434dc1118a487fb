"""Class 8, clock (IEC 62056-6-2). Times themselves: devices.protocol.clock."""

from typing import ClassVar

from devices.protocol.objects.base import CosemObject


class Clock(CosemObject):
    """Date, time, zone (minutes to add to local time to get UTC) and daylight saving."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 8
    TIME: ClassVar[int] = 2
    TIME_ZONE: ClassVar[int] = 3
    STATUS: ClassVar[int] = 4
    SUMMER_BEGIN: ClassVar[int] = 5
    SUMMER_END: ClassVar[int] = 6
    SUMMER_DEVIATION: ClassVar[int] = 7
    SUMMER_ENABLED: ClassVar[int] = 8
    CLOCK_BASE: ClassVar[int] = 9
    SHIFT_TIME: ClassVar[int] = 6


CLOCK = Clock.at("0.0.1.0.0")
