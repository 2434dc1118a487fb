"""An image over real sockets: into a meter behind the gateway, and into a concentrator."""

import pytest

from devices.drivers.base import NodeSilent, Refused, Unreachable
from devices.drivers.duties import (
    ActivateImage,
    By,
    EnableTransfer,
    Firmware,
    InitiateTransfer,
    ReadFirmware,
    ReadTransfer,
    SendBlock,
    TransferStatus,
    VerifyImage,
)
from devices.simulator import images
from devices.simulator.device import FieldOptions
from tests.devices.drivers.cosem.simulated import (
    FIRST,
    METER,
    NOW,
    at_concentrator,
    executions,
    faulty,
    field,
    performed,
)

NAME = b"image-12"
ACTIVATE = "18·0.0.44.0.0!4"
SLOW = FieldOptions(answer_share=1.0, now=lambda: float(NOW), restart_seconds=30, verify_looks=2)
MODEL = "CERT1" if METER.serial.startswith("UCAUEDN") else "CERM1"


def cut(image: bytes, size: int, by: By) -> list[SendBlock]:
    starts = range(0, len(image), size)
    return [SendBlock(at // size, image[at : at + size], by=by) for at in starts]


def whole(image: bytes, size: int, by: By = By.METER) -> list:
    begin = [EnableTransfer(by=by), InitiateTransfer(NAME, len(image), by=by)]
    return [*begin, *cut(image, size, by), VerifyImage(by=by), ReadTransfer(by=by)]


async def test_a_meter_takes_an_image_block_by_block_and_runs_it():
    image = images.build(MODEL, "12", 1_050)
    async with field() as running:
        fresh = (await performed(running, ReadTransfer()))[0]
        read = (await performed(running, *whole(image, 200)))[-1]
        await performed(running, ActivateImage())
        shown, after = await performed(running, ReadFirmware(), ReadTransfer())
        executed = executions(running)
    assert (fresh.is_enabled, fresh.status, fresh.block_size) == (False, 0, 200)
    assert (fresh.identifier, fresh.size, fresh.missing) == (b"", 0, 0)
    assert read.holds(NAME, 1_050)
    assert (read.status, read.missing, read.is_enabled) == (TransferStatus.VERIFIED, 6, True)
    assert (shown, after.status) == (Firmware("12"), TransferStatus.ACTIVATED)
    assert executed == {ACTIVATE: 1}


async def test_a_concentrator_takes_longer_blocks_and_shows_version_and_number():
    by, image = By.CONCENTRATOR, images.build(images.CONCENTRATOR, "050117", 20_000)
    async with field() as running:
        read = (await at_concentrator(running, *whole(image, 4_096, by)))[-1]
        await at_concentrator(running, ActivateImage(by=by))
        shown = (await at_concentrator(running, ReadFirmware(by=by)))[0]
    assert (read.block_size, read.missing, read.status) == (4_096, 5, TransferStatus.VERIFIED)
    assert shown == Firmware("050117", 22)


async def test_the_first_block_that_lacks_is_told_and_a_block_twice_is_harmless():
    image = images.build(MODEL, "12", 1_000)
    first, second, third, *_ = cut(image, 200, By.METER)
    begin = EnableTransfer(), InitiateTransfer(NAME, 1_000)
    async with field() as running:
        *_, before = await performed(running, *begin, first, third, ReadTransfer())
        *_, after = await performed(running, first, second, ReadTransfer())
    assert (before.missing, after.missing) == (1, 3)


@pytest.mark.parametrize(
    "image",
    [
        images.build("CERS3", "12", 600),
        images.build(MODEL, "12", 600)[:-1] + b"\0",
        bytes(600),
    ],
    ids=["of another model", "damaged", "no image"],
)
async def test_what_is_no_image_for_the_meter_is_never_verified_nor_activated(image):
    async with field() as running:
        read = (await performed(running, *whole(image, 200)))[-1]
        with pytest.raises(Refused, match="TB_ACK_103"):
            await performed(running, ActivateImage())
        shown = (await performed(running, ReadFirmware()))[0]
    assert (read.status, shown.version) == (TransferStatus.VERIFICATION_FAILED, "11")


@pytest.mark.parametrize(
    "duty",
    [InitiateTransfer(NAME, 400), SendBlock(0, bytes(200)), VerifyImage(), ActivateImage()],
    ids=lambda duty: type(duty).__name__,
)
async def test_a_device_that_takes_no_images_refuses_each_step(duty):
    async with field() as running:
        with pytest.raises(Refused):
            await performed(running, duty)


async def test_a_block_of_a_wrong_number_or_length_is_refused():
    async with field() as running:
        await performed(running, EnableTransfer(), InitiateTransfer(NAME, 500))
        for number, size in ((3, 200), (0, 199), (2, 200)):
            with pytest.raises(Refused, match="TB_ACK_111"):
                await performed(running, SendBlock(number, bytes(size)))


async def test_a_meter_that_restarts_is_silent_and_a_concentrator_out_of_reach():
    async with field(SLOW) as running:
        read = (await performed(running, *whole(images.build(MODEL, "12", 200), 200)))[-1]
        assert read.status is TransferStatus.VERIFYING
        assert (await performed(running, ReadTransfer()))[0].status is TransferStatus.VERIFYING
        assert (await performed(running, ReadTransfer()))[0].status is TransferStatus.VERIFIED
        await performed(running, ActivateImage())
        with pytest.raises(NodeSilent):
            await performed(running, ReadFirmware())
        device = running.device(FIRST.serial)
        device.restart(device.store(bytes(6), images.CONCENTRATOR, 4_096))
        with pytest.raises(Unreachable):
            await at_concentrator(running, ReadFirmware(by=By.CONCENTRATOR))


async def test_a_lost_block_lacks_and_a_corrupt_one_fails_the_verification():
    image = images.build(MODEL, "12", 1_000)
    async with faulty("lost_block", 2) as running:
        await performed(running, *whole(image, 200)[:-2])
        assert (await performed(running, ReadTransfer()))[0].missing == 1
    async with faulty("corrupt_block", 2) as running:
        read = (await performed(running, *whole(image, 200)))[-1]
    assert read.status is TransferStatus.VERIFICATION_FAILED


async def test_a_meter_that_restarts_in_the_middle_forgets_the_image():
    image = images.build(MODEL, "12", 1_000)
    async with faulty("restart_in_transfer", 3) as running:
        with pytest.raises(NodeSilent):
            await performed(running, *whole(image, 200))
        assert (await performed(running, ReadTransfer()))[0].status is TransferStatus.NOT_INITIATED
