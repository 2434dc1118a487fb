"""Class 40, push setup (IEC 62056-6-2; SMR 5.5 names 0.3.25.9.0 for the last gasp)."""

from typing import ClassVar

from devices.protocol.objects.base import CosemObject


class PushSetup(CosemObject):
    """What a device tells by itself, and whom; method 1 pushes at once."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 40
    OBJECTS: ClassVar[int] = 2
    DESTINATION: ClassVar[int] = 3
    WINDOWS: ClassVar[int] = 4
    RANDOM_START: ClassVar[int] = 5
    RETRIES: ClassVar[int] = 6
    DELAY: ClassVar[int] = 7
    PUSH: ClassVar[int] = 1


ALARM_SETUP = PushSetup.at("0.0.25.9.0")
LAST_GASP_SETUP = PushSetup.at("0.3.25.9.0")
