"""An image on its way into a meter or a concentrator (companion profile 3.1, 4.2, 5.2, 5.3).

Both have the same object, so a duty says by its `by` whose image it is about. Only the activation
is a change: whatever comes before it alters nothing that is in force, and may be repeated.
"""

from dataclasses import dataclass
from typing import ClassVar

from devices.drivers.duties.base import By, Duty
from devices.protocol.objects.image import TransferStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDuty(Duty):
    """Base of them."""

    by: By = By.METER  # type: ignore[misc]  # here the device belongs to the single duty


@dataclass(frozen=True, slots=True)
class ReadFirmware(ImageDuty):
    """-> Firmware"""


@dataclass(frozen=True, slots=True)
class Firmware:
    """What the device runs. `number` is the concentrator's Versionsw Int, None of a meter."""

    version: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class ReadTransfer(ImageDuty):
    """-> Transfer"""


@dataclass(frozen=True, slots=True)
class Transfer:
    """How far an image has come.

    `identifier` and `size` are those of the image that is to be activated, empty and 0 for none;
    `missing` is the first block that lacks, the count of blocks where none does.
    """

    is_enabled: bool
    status: TransferStatus
    block_size: int
    missing: int
    identifier: bytes
    size: int

    def holds(self, identifier: bytes, size: int) -> bool:
        """It is about this image."""
        return (self.identifier, self.size) == (identifier, size)


@dataclass(frozen=True, slots=True)
class EnableTransfer(ImageDuty):
    """-> None: images are taken from now on."""


@dataclass(frozen=True, slots=True)
class InitiateTransfer(ImageDuty):
    """-> None: make room for an image; another one on its way is forgotten."""

    identifier: bytes
    size: int


@dataclass(frozen=True, slots=True)
class SendBlock(ImageDuty):
    """-> None: block `number` (from 0)."""

    number: int
    block: bytes


@dataclass(frozen=True, slots=True)
class VerifyImage(ImageDuty):
    """-> None: begin to verify; the status tells the end."""


@dataclass(frozen=True, slots=True)
class ActivateImage(ImageDuty):
    """-> None: the device restarts with the new image."""

    changes: ClassVar[bool] = True
