"""Images as simulated devices understand them, and how one comes into a device.

The layout is the simulator's own: a head, the model and version it is for, filling, and the
SHA-256 of all that. The head-end takes an image for plain bytes.

    python -m devices.simulator.images CERM1 12 300000 > cerm1-12.bin
"""

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from devices.drivers.duties import TransferStatus as Status

MAGIC = b"HESIMAGE"
CONCENTRATOR = "LVC"
"""The model that images of concentrators are for."""
DIGEST = hashlib.sha256().digest_size


def build(model: str, version: str, size: int) -> bytes:
    """An image of exactly `size` bytes; ValueError where it is too small for its own head."""
    head = MAGIC + b"".join(bytes((len(text),)) + text.encode() for text in (model, version))
    filling = size - len(head) - DIGEST
    if filling < 0:
        raise ValueError(f"an image of {model} {version} has at least {len(head) + DIGEST} bytes")
    pattern = hashlib.sha256(head).digest()
    whole = head + (pattern * (filling // DIGEST + 1))[:filling]
    return whole + hashlib.sha256(whole).digest()


def version_of(raw: bytes, model: str) -> str | None:
    """The version that an image brings to a device of `model`; None where it is not for it, cut,
    or damaged."""
    whole, digest = raw[:-DIGEST], raw[-DIGEST:]
    if not whole.startswith(MAGIC) or hashlib.sha256(whole).digest() != digest:
        return None
    named, rest = _text(whole[len(MAGIC) :])
    return _text(rest)[0] if named == model else None


def _text(raw: bytes) -> tuple[str, bytes]:
    end = 1 + raw[0]
    return raw[1:end].decode(), raw[end:]


@dataclass(slots=True)
class ImageStore:
    """The image of one device, in memory: a restart of the simulator forgets it.

    `settle` delays what the device says of its verification, in looks at the status.
    """

    model: str
    block_size: int
    settle: int = 0
    is_enabled: bool = False
    status: Status = Status.NOT_INITIATED
    identifier: bytes = b""
    size: int = 0
    blocks: dict[int, bytes] = field(default_factory=dict)
    activations: int = 0
    _looks: int = 0

    @property
    def count(self) -> int:
        """Blocks of the whole image."""
        return -(-self.size // self.block_size)

    @property
    def missing(self) -> int:
        """The first block that lacks; the count where none does."""
        return next((n for n in range(self.count) if n not in self.blocks), self.count)

    def shown(self) -> Status:
        """The status as it is told now."""
        if self.status is Status.VERIFYING:
            self._looks += 1
            if self._looks > self.settle:
                is_good = version_of(self._whole(), self.model) is not None
                self.status = Status.VERIFIED if is_good else Status.VERIFICATION_FAILED
        return self.status

    def initiate(self, identifier: bytes, size: int) -> None:
        """Room for an image; what was there is gone."""
        self.identifier, self.size, self.blocks = identifier, size, {}
        self.status = Status.INITIATED

    def forget(self) -> None:
        """A restart that loses what had come."""
        self.initiate(b"", 0)
        self.status = Status.NOT_INITIATED

    def takes(self, number: int, size: int) -> bool:
        """Whether block `number` of `size` bytes is one of the image on its way."""
        last = self.count - 1
        wanted = self.block_size if number < last else self.size - last * self.block_size
        return self.status is Status.INITIATED and 0 <= number <= last and size == wanted

    def verify(self) -> bool:
        """Begin to verify; False where there is nothing to verify."""
        if self.status is not Status.INITIATED:
            return self.status in (Status.VERIFYING, Status.VERIFIED)
        self.status, self._looks = Status.VERIFYING, 0
        return True

    def activate(self) -> str | None:
        """The version that runs from now on; None where nothing is verified."""
        if self.status is not Status.VERIFIED:
            return None
        self.status, self.activations = Status.ACTIVATED, self.activations + 1
        return version_of(self._whole(), self.model)

    def _whole(self) -> bytes:
        return b"".join(self.blocks.get(number, b"") for number in range(self.count))


@dataclass(frozen=True, slots=True)
class ImageSlot:
    """Where a device keeps its image, and what an activation does to it.

    `bend` gives what is kept of a block (None: nothing); `run` lets the device restart with a
    version.
    """

    store: ImageStore
    bend: Callable[[ImageStore, int, bytes], bytes | None]
    version: Callable[[], str]
    run: Callable[[str], None]


if __name__ == "__main__":
    name, shown, length = sys.argv[1:]
    sys.stdout.buffer.write(build(name, shown, int(length)))
