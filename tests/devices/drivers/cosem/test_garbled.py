"""Bytes that break the protocol: one new session, then a failure."""

import itertools

import pytest

from devices.drivers.base import (
    Contact,
    Garbled,
    Locked,
    Table,
)
from devices.drivers.cosem.driver import CosemDriver
from devices.protocol import wrapper
from devices.protocol.services import Encoded
from devices.protocol.tables import LOAD_PROFILE
from tests.devices.drivers.cosem.device import (
    Device,
    credentials,
    listening,
    patient,
    serving,
)
from tests.devices.drivers.cosem.rows import MAC, T0, following, keyed
from tests.devices.drivers.cosem.visiting import (
    COLUMNS,
    CYCLE,
    FIRST_BLOCK,
    IDENTITY,
    LONG,
    PASS_THREE,
    failure,
    flipped,
    instead,
    twice,
    visit,
)


def other_version(_, answer: bytes) -> bytes:
    return b"\0\2" + answer[2:]


def other_ports(_, answer: bytes) -> bytes:
    return answer[:2] + b"\0\7" + answer[4:]


def oversize(_, answer: bytes) -> bytes:
    return answer[:6] + b"\xff\xff" + answer[8:]


def in_clear(request, _) -> bytes:
    return request.framed(bytes.fromhex("C401C1000600000001"))


def empty(request, _) -> bytes:
    return wrapper._HEADER.pack(1, 1, 1, 0)


GARBLED = [flipped, other_version, other_ports, oversize, twice, in_clear, empty]


@pytest.mark.parametrize("change", GARBLED)
@pytest.mark.parametrize("place", [PASS_THREE, IDENTITY, COLUMNS, FIRST_BLOCK])
async def test_garbled_bytes_are_cured_by_one_new_session(change, place):
    device = Device({LOAD_PROFILE.buffer: [keyed(T0, 1)]}, twist=instead(place, change))
    async with serving(device) as endpoint:
        (batch,) = await visit(endpoint)
    assert batch.seen == {MAC}
    assert device.connections == 2


@pytest.mark.parametrize("change", GARBLED)
async def test_garbled_bytes_in_both_sessions_are_a_failure_that_was_in_contact(change):
    def twist(number, request, answer):
        return change(request, answer) if device.asked else answer

    device = Device({LOAD_PROFILE.buffer: [keyed(T0, 1)]}, twist=twist)
    async with serving(device) as endpoint:
        with pytest.raises(Garbled, match="TB_ACK_190") as raised:
            await visit(endpoint)
    assert raised.value.contact is Contact.MADE
    assert device.connections == 2


async def test_a_device_that_repeats_its_counters_in_the_new_session_is_locked():
    device = Device(twist=instead(COLUMNS, flipped))
    make = device.session

    def forgetful():
        device.counters = itertools.count(0)
        return make()

    device.session = forgetful
    error = await failure(device)
    assert (type(error), error.text) == (Locked, "[TB_ACK_194] DEVICE NOT AUTHENTIC")


async def test_a_device_gone_after_garbled_bytes_still_counts_as_reached():
    async def once(reader, writer):
        server.connections or await server.serve(reader, writer)

    server = Device(twist=instead(IDENTITY, flipped))
    async with listening(once) as endpoint:
        with pytest.raises(Garbled) as raised:
            await visit(endpoint)
    assert raised.value.contact is Contact.MADE


async def test_rows_that_break_the_profile_are_garbled_and_their_columns_forgotten():
    device, driver = Device({LOAD_PROFILE.buffer: [following(1)]}), CosemDriver(pause=0.01)
    async with serving(device) as endpoint:
        session = await driver.open(endpoint, credentials(), patient())
        with pytest.raises(Garbled):
            await anext(session.collect(Table.LOAD_PROFILE, CYCLE))
        await session.close()
    asked = [attribute for attribute, _ in device.asked]
    assert asked.count(LOAD_PROFILE.capture_objects) == 2


async def test_after_a_batch_is_out_garbled_bytes_end_the_collection():
    def twist(number, request, answer):
        return flipped(request, answer) if number == 10 else answer

    device = Device({LOAD_PROFILE.buffer: LONG}, twist=twist, max_pdu=8192)
    async with serving(device) as endpoint:
        session = await CosemDriver().open(endpoint, credentials(), patient())
        batches = session.collect(Table.LOAD_PROFILE, CYCLE)
        assert len((await anext(batches)).seen) == 100
        with pytest.raises(Garbled):
            await anext(batches)
        await session.close()
    assert device.connections == 1


async def test_too_many_rows_are_refused_before_any_is_read():
    two_hundred_thousand_and_one = Encoded([bytes.fromhex("0183030D41")])
    device = Device({LOAD_PROFILE.buffer: lambda _: two_hundred_thousand_and_one})
    assert isinstance(await failure(device), Garbled)
