"""Class 100, NTP setup (IEC 62056-6-2)."""

from typing import ClassVar

from devices.protocol.objects.base import CosemObject


class NtpSetup(CosemObject):
    """From which server a device takes its time; method 1 synchronises at once."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 100
    ACTIVATED: ClassVar[int] = 2
    SERVER: ClassVar[int] = 3
    PORT: ClassVar[int] = 4
    AUTHENTICATION: ClassVar[int] = 5
    SYNCHRONISE: ClassVar[int] = 1


NTP_SETUP = NtpSetup.at("0.0.25.10.0")
