"""Class 64, security setup (IEC 62056-6-2; companion profile 3.1, 4.2)."""

from typing import ClassVar

from devices.protocol.objects.base import CosemObject


class SecuritySetup(CosemObject):
    """Policy, suite, titles; key_transfer takes keys wrapped under the current master."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 64
    POLICY: ClassVar[int] = 2
    SUITE: ClassVar[int] = 3
    CLIENT_TITLE: ClassVar[int] = 4
    SERVER_TITLE: ClassVar[int] = 5
    KEY_TRANSFER: ClassVar[int] = 2


SECURITY_SETUP = SecuritySetup.at("0.0.43.0.0")
