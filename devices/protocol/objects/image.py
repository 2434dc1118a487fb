"""Class 18, image transfer (IEC 62056-6-2; companion profile 3.1, 4.2)."""

from enum import IntEnum
from typing import ClassVar

from devices.protocol.objects.base import CosemObject


class TransferStatus(IntEnum):
    """Attribute 6."""

    NOT_INITIATED = 0
    INITIATED = 1
    VERIFYING = 2
    VERIFIED = 3
    VERIFICATION_FAILED = 4
    ACTIVATING = 5
    ACTIVATED = 6
    ACTIVATION_FAILED = 7


class ImageTransfer(CosemObject):
    """An image comes in numbered blocks, is verified by the device, and activated at a word."""

    __slots__ = ()
    CLASS_ID: ClassVar[int] = 18
    BLOCK_SIZE: ClassVar[int] = 2
    BLOCKS: ClassVar[int] = 3  # bit-string, first bit block 0
    FIRST_NOT_TRANSFERRED: ClassVar[int] = 4
    ENABLED: ClassVar[int] = 5
    STATUS: ClassVar[int] = 6
    TO_ACTIVATE: ClassVar[int] = 7  # array of st{size u32, identifier os, signature os}
    INITIATE: ClassVar[int] = 1
    BLOCK: ClassVar[int] = 2
    VERIFY: ClassVar[int] = 3
    ACTIVATE: ClassVar[int] = 4


IMAGE_TRANSFER = ImageTransfer.at("0.0.44.0.0")
