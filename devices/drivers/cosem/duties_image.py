"""An image into a device: the same object at meters and concentrators (profile 3.1, 4.2)."""

from devices.drivers.cosem.performing import Duties, Peer
from devices.drivers.duties import (
    ActivateImage,
    EnableTransfer,
    InitiateTransfer,
    ReadTransfer,
    SendBlock,
    Transfer,
    TransferStatus,
    VerifyImage,
)
from devices.protocol import expect
from devices.protocol.axdr import I8, U32, Data
from devices.protocol.errors import GarbledError
from devices.protocol.objects import IMAGE_TRANSFER, ImageTransfer

NO_PARAMETER = I8(0)
_NO_IMAGE = b"", 0


async def _transfer(peer: Peer, _: ReadTransfer) -> Transfer:
    size, missing, enabled, status, images = await peer.get_many(
        (
            IMAGE_TRANSFER.attribute(ImageTransfer.BLOCK_SIZE),
            IMAGE_TRANSFER.attribute(ImageTransfer.FIRST_NOT_TRANSFERRED),
            IMAGE_TRANSFER.attribute(ImageTransfer.ENABLED),
            IMAGE_TRANSFER.attribute(ImageTransfer.STATUS),
            IMAGE_TRANSFER.attribute(ImageTransfer.TO_ACTIVATE),
        )
    )
    block_size = expect.integer(size, "image block size")
    if block_size < 1:
        raise GarbledError(f"image block size {block_size}")
    return Transfer(
        expect.boolean(enabled, "image transfer enabled"),
        _status(status),
        block_size,
        expect.integer(missing, "first block not transferred"),
        *_to_activate(images),
    )


def _status(value: Data) -> TransferStatus:
    number = expect.integer(value, "image transfer status")
    if number not in list(TransferStatus):
        raise GarbledError(f"image transfer status {number}")
    return TransferStatus(number)


def _to_activate(value: Data) -> tuple[bytes, int]:
    """Identifier and size of the newest image; our devices hold one (*assumed*)."""
    images = expect.array(value, "images to activate")
    if not images:
        return _NO_IMAGE
    size, identifier, _signature = expect.structure(images[-1], "image to activate", 3)
    return expect.octets(identifier, "image identifier"), expect.integer(size, "image size")


async def _enable(peer: Peer, _: EnableTransfer) -> None:
    await peer.set_once(IMAGE_TRANSFER.attribute(ImageTransfer.ENABLED), True)


async def _initiate(peer: Peer, duty: InitiateTransfer) -> None:
    image = duty.identifier, U32(duty.size)
    await peer.action(IMAGE_TRANSFER.method(ImageTransfer.INITIATE), image)


async def _block(peer: Peer, duty: SendBlock) -> None:
    block = U32(duty.number), duty.block
    await peer.action(IMAGE_TRANSFER.method(ImageTransfer.BLOCK), block)


async def _verify(peer: Peer, _: VerifyImage) -> None:
    await peer.action(IMAGE_TRANSFER.method(ImageTransfer.VERIFY), NO_PARAMETER)


async def _activate(peer: Peer, _: ActivateImage) -> None:
    await peer.action(IMAGE_TRANSFER.method(ImageTransfer.ACTIVATE), NO_PARAMETER)


IMAGE_DUTIES: Duties = {
    ReadTransfer: _transfer,
    EnableTransfer: _enable,
    InitiateTransfer: _initiate,
    SendBlock: _block,
    VerifyImage: _verify,
    ActivateImage: _activate,
}
