"""Concentrators that misbehave after the opening: in time, and nobody else is touched."""

import asyncio
import time

import pytest

from devices.drivers.base import (
    Contact,
    FieldError,
    Garbled,
    Refused,
    Table,
    Timeout,
)
from devices.drivers.cosem.driver import CosemDriver
from devices.drivers.cosem.line import RELEASE_SECONDS
from devices.protocol.axdr import U8
from devices.protocol.errors import DataAccess
from devices.protocol.tables import LOAD_PROFILE
from tests.devices.drivers.cosem.device import (
    Device,
    credentials,
    patient,
    serving,
    value_of,
)
from tests.devices.drivers.cosem.visiting import (
    CYCLE,
    LONG,
    MACS,
    PASS_THREE,
    SECOND_BLOCK,
    failure,
    flipped,
    instead,
    twice,
    visit,
)


async def test_a_reset_in_mid_block_is_a_lost_connection():
    device = Device({LOAD_PROFILE.buffer: LONG}, twist=instead(SECOND_BLOCK, lambda *_: None))
    error = await failure(device)
    assert (type(error), error.text) == (Timeout, "[TB_ACK_197] CONNECTION LOST")
    assert error.contact is Contact.UNKNOWN


async def test_half_a_block_and_then_silence_is_a_timeout():
    half = instead(SECOND_BLOCK, lambda _, answer: answer[: len(answer) // 2])
    error = await failure(Device({LOAD_PROFILE.buffer: LONG}, twist=half), exchange=1.5)
    assert (type(error), error.text) == (Timeout, "[TB_ACK_191] TIMEOUT")


async def test_a_block_transfer_the_device_breaks_off_is_garbled():
    device = Device({LOAD_PROFILE.buffer: DataAccess.LONG_GET_ABORTED})
    async with serving(device) as endpoint:
        with pytest.raises(Garbled):
            await visit(endpoint)


async def test_slow_blocks_end_with_the_visit():
    device = Device({LOAD_PROFILE.buffer: LONG})
    make = device._answer

    def slow(*arguments):
        time.sleep(0.05)
        return make(*arguments)

    device._answer = slow
    error = await failure(device, visit=0.3)
    assert (type(error), error.text) == (Timeout, "[TB_ACK_192] VISIT LIMIT")


async def test_a_table_beyond_the_byte_cap_ends_the_visit():
    error = await failure(Device({LOAD_PROFILE.buffer: LONG}), received_bytes=20_000)
    assert (type(error), error.text) == (Timeout, "[TB_ACK_192] VISIT LIMIT")


@pytest.mark.parametrize(
    ("access", "text"),
    [
        (DataAccess.READ_WRITE_DENIED, "[TB_ACK_103] READ WRITE DENIED"),
        (DataAccess.OBJECT_UNDEFINED, "[TB_ACK_104] OBJECT UNDEFINED"),
        (DataAccess.HARDWARE_FAULT, "[TB_ACK_101] HARDWARE FAULT"),
        (DataAccess.TEMPORARY_FAILURE, "[TB_ACK_102] TEMPORARY FAILURE"),
    ],
)
async def test_a_refused_table_keeps_the_session_open(access, text):
    device = Device({LOAD_PROFILE.buffer: access, value_of("0.0.96.5.0"): b"\0\0\0"})
    async with serving(device) as endpoint:
        session = await CosemDriver(pause=0.01).open(endpoint, credentials(), patient())
        with pytest.raises(Refused) as raised:
            await anext(session.collect(Table.LOAD_PROFILE, CYCLE))
        assert raised.value.text == text
        assert await session.status_word() == b"\0\0\0"
        await session.close()


@pytest.mark.parametrize("end", [lambda *_: b"", lambda *_: None, flipped, twice])
async def test_closing_never_raises(end):
    device = Device(twist=instead(PASS_THREE + 1, end))
    async with serving(device) as endpoint:
        session = await CosemDriver().open(endpoint, credentials(), patient())
        begun = time.monotonic()
        await session.close()
        await session.close()
    assert time.monotonic() - begun < RELEASE_SECONDS + 0.5


async def test_a_wrong_value_in_the_identity_is_garbled():
    device = Device({value_of("0.0.96.1.0"): U8(3)})
    async with serving(device) as endpoint:
        with pytest.raises(Garbled):
            await visit(endpoint)


async def test_a_cancelled_visit_leaves_no_socket_behind():
    device = Device(twist=lambda *_: b"")
    async with serving(device) as endpoint:
        task = asyncio.create_task(visit(endpoint))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_one_misbehaving_concentrator_does_not_touch_the_others():
    good = Device({LOAD_PROFILE.buffer: LONG})
    bad = [
        Device(twist=lambda *_: b""),
        Device(twist=lambda *_: None),
        Device(twist=lambda _, request, answer: flipped(request, answer)),
        Device({LOAD_PROFILE.buffer: LONG}, twist=instead(SECOND_BLOCK, lambda *_: None)),
    ]

    async def outcome(device: Device):
        async with serving(device) as endpoint:
            return await visit(endpoint, exchange=2.0 if device is not good else 30.0)

    outcomes = await asyncio.gather(*map(outcome, [good, *bad]), return_exceptions=True)
    assert sum(len(batch.seen) for batch in outcomes[0]) == len(MACS)
    assert all(isinstance(error, FieldError) for error in outcomes[1:])
