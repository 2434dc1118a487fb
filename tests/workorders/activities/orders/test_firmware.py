"""Firmware orders: over many visits, whatever is lost, the image comes whole and starts once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.base import Refused
from devices.drivers.duties import (
    ActivateImage,
    By,
    Firmware,
    InitiateTransfer,
    SendBlock,
    TransferStatus,
    VerifyImage,
)
from devices.simulator.images import build
from tests.workorders.activities.orders.image_model import (
    DOES,
    MODEL,
    NEW,
    ImageDevice,
    Machine,
)
from tests.workorders.activities.orders.model import Loss
from workorders.activities.orders.base import Rejected
from workorders.activities.orders.concentrator_firmware import CONCENTRATOR_FIRMWARE
from workorders.activities.orders.failure import failure_text
from workorders.activities.orders.image_transfer import (
    SLICE,
    FirmwareShown,
    NoteUpdate,
    UpdateFailed,
)
from workorders.activities.orders.meter_firmware import METER_FIRMWARE

OURS = b"cert-12"
losses = st.lists(st.sampled_from([None, None, None, *Loss]), max_size=60)


def begun(
    status: TransferStatus, *blocks: int, name: bytes = OURS, size: int = 1_000
) -> ImageDevice:
    """A device whose transfer has come so far already."""
    device = ImageDevice()
    device.store.is_enabled = True
    device.store.initiate(name, size)
    device.store.blocks = {n: device.image[200 * n : 200 * n + 200] for n in blocks}
    device.store.status = status
    return device


def count(device: ImageDevice, kind: type) -> int:
    return sum(isinstance(duty, kind) for duty in device.asked)


@given(losses=losses, size=st.integers(60, 3_000), sieve=st.sets(st.integers(0, 14), max_size=4))
def test_whatever_answers_are_lost_the_image_arrives_whole_and_is_activated_once(
    losses, size, sieve
):
    device = ImageDevice(build(MODEL, NEW, size), losses=losses, sieve=sieve)
    result = Machine(METER_FIRMWARE, device).carry_through()
    assert (result.is_good, result.code, result.text) == (True, "3.7.31.24", "OK")
    assert result.effects == (FirmwareShown(Firmware(NEW)),)
    assert (device.version, device.store.activations) == (NEW, 1)


def test_a_device_that_shows_the_version_is_done_at_once():
    device = ImageDevice(version=NEW)
    assert Machine(METER_FIRMWARE, device).carry_through().is_good
    assert len(device.asked) == 1


def test_an_image_comes_in_slices_and_others_get_the_lane_between_them():
    device = ImageDevice(build(MODEL, NEW, 200 * (2 * SLICE + 50)))
    machine = Machine(METER_FIRMWARE, device)
    assert machine.carry_through().is_good
    assert machine.trail == ["continued", "continued", "unknown", "unknown", "unknown"]
    assert count(device, SendBlock) == 2 * SLICE + 50
    assert count(device, InitiateTransfer) == 1


def test_a_transfer_goes_on_at_the_first_block_that_lacks():
    device = begun(TransferStatus.INITIATED, 0, 1, 2)
    assert Machine(METER_FIRMWARE, device).carry_through().is_good
    assert [duty.number for duty in device.asked if isinstance(duty, SendBlock)] == [3, 4]
    assert count(device, InitiateTransfer) == 0


@pytest.mark.parametrize(
    "device",
    [
        begun(TransferStatus.INITIATED, 0, 1, 2, name=b"other"),
        begun(TransferStatus.INITIATED, 0, 1, 2, size=900),
        begun(TransferStatus.VERIFICATION_FAILED, 0, 1, 2, 3, 4),
        begun(TransferStatus.ACTIVATION_FAILED, 0, 1, 2, 3, 4),
        begun(TransferStatus.ACTIVATED, 0, 1, 2, 3, 4),
    ],
    ids=["another image", "another size", "not verified", "not activated", "activated before"],
)
def test_what_an_earlier_order_left_is_begun_anew(device):
    assert Machine(METER_FIRMWARE, device).carry_through().is_good
    assert count(device, InitiateTransfer) == 1
    assert count(device, SendBlock) == 5
    assert device.store.activations == 1


def test_a_verified_image_is_only_activated():
    device = begun(TransferStatus.VERIFIED, 0, 1, 2, 3, 4)
    assert Machine(METER_FIRMWARE, device).carry_through().is_good
    assert (count(device, SendBlock), count(device, VerifyImage)) == (0, 0)
    assert device.store.activations == 1


def test_an_activation_that_runs_is_waited_for_and_never_sent():
    device = begun(TransferStatus.ACTIVATING, 0, 1, 2, 3, 4)
    steps = METER_FIRMWARE.steps(Machine(METER_FIRMWARE, device).facts())
    later = Machine(METER_FIRMWARE, device)._drive(steps)
    assert later.text == "an activation is under way"
    assert count(device, ActivateImage) == 0


@pytest.mark.parametrize(
    ("activity", "by", "text", "effects"),
    [
        (METER_FIRMWARE, By.METER, "[FW_VERIFY] VERIFICATION FAILED", ()),
        (CONCENTRATOR_FIRMWARE, By.CONCENTRATOR, "[LVC_FW_VERIFY] VERIFICATION FAILED",
         (UpdateFailed(),)),
    ],
)  # fmt: skip
def test_a_damaged_image_fails_the_order_and_is_never_activated(activity, by, text, effects):
    device = ImageDevice(bytes(1_000))
    result = Machine(activity, device).carry_through()
    assert (result.is_good, result.text, result.effects) == (False, text, effects)
    assert (count(device, ActivateImage), device.version) == (0, "11")
    assert all(duty.by is by for duty in device.asked)


def test_a_verification_that_lasts_is_looked_at_again_in_another_visit():
    device = ImageDevice()
    device.store.settle = 30
    machine = Machine(METER_FIRMWARE, device)
    assert machine.carry_through().is_good
    assert machine.trail[0] == "continued"
    assert (count(device, VerifyImage), device.store.activations) == (1, 1)


def test_a_block_that_a_device_never_keeps_fails_the_order(monkeypatch):
    monkeypatch.setitem(DOES, SendBlock, lambda *_: None)
    device = ImageDevice()
    result = Machine(METER_FIRMWARE, device).carry_through()
    assert result.text == "[FW_BLOCK] BLOCK NOT KEPT"
    assert device.store.activations == 0


def test_an_image_that_starts_and_shows_another_version_is_for_a_person():
    device = begun(TransferStatus.ACTIVATED, 0, 1, 2, 3, 4)
    machine = Machine(METER_FIRMWARE, device, trail=["unknown"])
    with pytest.raises(AssertionError, match="nobody should have to decide"):
        machine.carry_through()


def test_a_concentrator_shows_how_far_its_update_is():
    device = ImageDevice()
    assert Machine(CONCENTRATOR_FIRMWARE, device).carry_through().is_good
    assert device.noted == [NoteUpdate.TRANSFERRING, NoteUpdate.VERIFIED]


def test_error_texts_name_the_step_that_met_the_error():
    refused = Refused("[TB_ACK_103] READ WRITE DENIED").text
    told = [
        failure_text(METER_FIRMWARE, refused, InitiateTransfer(OURS, 1)),
        failure_text(CONCENTRATOR_FIRMWARE, refused, SendBlock(0, b"", by=By.CONCENTRATOR)),
        failure_text(CONCENTRATOR_FIRMWARE, refused, ActivateImage(by=By.CONCENTRATOR)),
    ]
    assert [text.split("]")[0] for text in told] == [
        "[FW_INIT",
        "[LVC_FW_BLOCK",
        "[LVC_FW_ACTIVATE",
    ]


@pytest.mark.parametrize("given", [{}, {"image": ""}, {"image": 7}, {"image": "x" * 61}])
def test_an_order_names_its_image(given):
    with pytest.raises(Rejected, match="image"):
        METER_FIRMWARE.parse(given)
