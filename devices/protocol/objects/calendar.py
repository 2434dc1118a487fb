"""Class 20, activity calendar (IEC 62056-6-2)."""

from typing import ClassVar

from devices.protocol.objects.base import CosemObject


class ActivityCalendar(CosemObject):
    """The tariff's calendar: an active one, and a passive one that method 1 makes active."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 20
    ACTIVE_NAME: ClassVar[int] = 2
    ACTIVE_SEASONS: ClassVar[int] = 3
    ACTIVE_WEEKS: ClassVar[int] = 4
    ACTIVE_DAYS: ClassVar[int] = 5
    PASSIVE_NAME: ClassVar[int] = 6
    PASSIVE_SEASONS: ClassVar[int] = 7
    PASSIVE_WEEKS: ClassVar[int] = 8
    PASSIVE_DAYS: ClassVar[int] = 9
    ACTIVATE_PASSIVE: ClassVar[int] = 1


ACTIVITY_CALENDAR = ActivityCalendar.at("0.0.13.0.0")
