"""Faults of image transfers: what a device keeps of the blocks it acknowledges.

Each counts the blocks of all devices of its concentrator, itself included, and strikes once.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from devices.simulator.changes import NodeFellSilent
from devices.simulator.device import Device
from devices.simulator.images import ImageStore


@dataclass(slots=True)
class OnBlocks(ABC):
    """Base of them; `block` is the one that is harmed, from 1."""

    block: float = 3
    _device: Device | None = field(default=None, init=False, repr=False, compare=False)
    _seen: int = field(default=0, init=False, repr=False, compare=False)

    def install(self, device: Device) -> None:
        """Wait for the blocks of the device and its meters."""
        self._device = device
        device.image_faults.append(self)

    def bend(self, store: ImageStore, number: int, block: bytes) -> bytes | None:
        """What is kept of a block."""
        self._seen += 1
        return self.harm(store, block) if self._seen == self.block else block

    @abstractmethod
    def harm(self, store: ImageStore, block: bytes) -> bytes | None:
        """What is kept of the one that is harmed."""


@dataclass(slots=True)
class LostBlock(OnBlocks):
    """Acknowledged and not kept."""

    def harm(self, store: ImageStore, block: bytes) -> bytes | None:
        """Keep nothing."""
        return None


@dataclass(slots=True)
class CorruptBlock(OnBlocks):
    """Kept with a flipped bit: the verification will find it."""

    def harm(self, store: ImageStore, block: bytes) -> bytes | None:
        """Flip the first bit."""
        return bytes((block[0] ^ 0x80,)) + block[1:]


@dataclass(slots=True)
class RestartInTransfer(OnBlocks):
    """The device restarts and forgets what had come of the image."""

    def harm(self, store: ImageStore, block: bytes) -> bytes | None:
        """Forget it; the answer never comes."""
        store.forget()
        if self._device is not None:
            self._device.restart(store)
        raise NodeFellSilent(delivered=True)
