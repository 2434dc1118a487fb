"""Concentrators that misbehave: the right error, in time, and nobody else is touched."""

import asyncio
import itertools
import time

import pytest

from devices.drivers.base import (
    Busy,
    Contact,
    Cycles,
    FieldError,
    Garbled,
    Locked,
    Refused,
    Table,
    Timeout,
    Unreachable,
)
from devices.drivers.cosem.driver import CosemDriver
from devices.drivers.cosem.line import RELEASE_SECONDS
from devices.protocol import wrapper
from devices.protocol.apdu import ConfirmedServiceError, ExceptionResponse
from devices.protocol.association import rejection
from devices.protocol.axdr import U8
from devices.protocol.errors import AssociationResult, DataAccess, ServiceError, StateError
from devices.protocol.services import Encoded
from devices.protocol.tables import LOAD_PROFILE
from tests.devices.drivers.cosem.device import (
    GAK,
    GUEK,
    SERVER_TITLE,
    Device,
    credentials,
    listening,
    quick,
    serving,
    value_of,
)
from tests.devices.drivers.cosem.rows import MAC, T0, following, keyed

AARQ, PASS_THREE, IDENTITY, COLUMNS, FIRST_BLOCK, SECOND_BLOCK = 1, 2, 3, 4, 5, 6
CYCLE = Cycles(420, 420)
MACS = [number.to_bytes(6, "big") for number in range(250)]
LONG = [row for mac in MACS for row in (keyed(T0, 0, mac=mac), *[following(1)] * 23)]


def instead(number: int, make):
    """A twist that replaces answer `number` since the device was started."""

    def twist(seen: int, request, answer: bytes):
        return make(request, answer) if seen == number else answer

    return twist


def apdu(answer: bytes):
    return lambda request, _: request.framed(answer)


def flipped(_, answer: bytes) -> bytes:
    return answer[:-1] + bytes((answer[-1] ^ 1,))


def exception(service: ServiceError, counter: int | None = None):
    reply = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, service, counter)
    return apdu(reply.encode())


async def visit(endpoint, known=None, **limits) -> list:
    """A visit with one collection; the session is closed whatever happens."""
    session = await CosemDriver(pause=0.01).open(endpoint, known or credentials(), quick(**limits))
    try:
        await session.identify()
        return [batch async for batch in session.collect(Table.LOAD_PROFILE, CYCLE)]
    finally:
        await session.close()


async def failure(device: Device, known=None, **limits) -> FieldError:
    async with serving(device) as endpoint:
        with pytest.raises(FieldError) as raised:
            await visit(endpoint, known, **limits)
    return raised.value


# --- opening -------------------------------------------------------------------------------------

PERMANENT, TRANSIENT = AssociationResult.REJECTED_PERMANENT, AssociationResult.REJECTED_TRANSIENT


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (apdu(rejection(TRANSIENT, 1)), Busy, "[TB_ACK_193] BUSY"),
        (apdu(rejection(PERMANENT, 13)), Locked, "[TB_ACK_163] AUTHENTICATION FAILURE"),
        (apdu(rejection(PERMANENT, 2)), Refused, "[TB_ACK_152] ASSOCIATION REFUSED"),
        (apdu(ConfirmedServiceError(1, 6, 2).encode()), Refused,
         "[TB_ACK_150] ASSOCIATION REFUSED"),
        (exception(ServiceError.DECIPHERING_ERROR), Locked, "[TB_ACK_145] KEY"),
        (exception(ServiceError.INVOCATION_COUNTER_ERROR, 9), Locked, "[TB_ACK_146] COUNTER"),
    ],
)  # fmt: skip
async def test_a_refused_association_says_why(answer, kind, text):
    error = await failure(Device(twist=instead(AARQ, answer)))
    assert isinstance(error, kind)
    assert (error.text, error.contact) == (text, Contact.MADE)


async def test_keys_that_differ_lock_the_device():
    for keys in ({"guek": bytes(16)}, {"gak": bytes(16)}):
        error = await failure(Device(), credentials(**keys))
        assert isinstance(error, Locked)
        assert error.text == "[TB_ACK_145] KEY"
        assert not any(key.hex() in repr(error) for key in (GUEK, GAK))


async def test_no_answer_to_the_first_request_is_unreachable():
    error = await failure(Device(twist=lambda *_: b""))
    assert isinstance(error, Unreachable)
    assert (error.text, error.contact) == (
        "Concentrator is unreachable [No answer]", Contact.MISSED,
    )  # fmt: skip


async def test_a_reset_before_the_first_answer_is_unreachable():
    error = await failure(Device(twist=lambda *_: None))
    assert (type(error), error.text) == (Unreachable, "Concentrator is unreachable [No answer]")


async def test_a_device_that_speaks_something_else_is_garbled_and_was_never_reached():
    async def web_server(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    async with listening(web_server) as endpoint:
        with pytest.raises(Garbled, match="TB_ACK_190") as raised:
            await visit(endpoint)
    assert raised.value.contact is Contact.MISSED


async def test_silence_after_a_good_aare_is_a_timeout():
    error = await failure(Device(twist=instead(PASS_THREE, lambda *_: b"")))
    assert (type(error), error.text) == (Timeout, "[TB_ACK_191] TIMEOUT")


async def test_another_system_title_than_the_stored_one_locks():
    error = await failure(Device(), credentials(server_title=b"LVCOTHER"))
    assert (type(error), error.text) == (Locked, "[TB_ACK_194] DEVICE NOT AUTHENTIC")


@pytest.mark.parametrize("stored", [5, 6, 1000])
async def test_a_server_counter_that_does_not_rise_over_sessions_locks(stored):
    known = credentials(server_title=SERVER_TITLE, server_counter=stored)
    error = await failure(Device(server_counter=5), known)
    assert (type(error), error.text) == (Locked, "[TB_ACK_194] DEVICE NOT AUTHENTIC")


async def test_a_device_that_cannot_sign_our_challenge_locks(monkeypatch):
    device = Device()
    make = device.session

    def impostor():
        session = make()
        monkeypatch.setattr(
            session, "_pass_four", lambda sealed, ours, theirs, right=session._pass_four:
            right(sealed, ours, bytes(len(theirs)))
        )  # fmt: skip
        return session

    monkeypatch.setattr(device, "session", impostor)
    error = await failure(device)
    assert (type(error), error.text) == (Locked, "[TB_ACK_194] DEVICE NOT AUTHENTIC")


# --- counter recovery ----------------------------------------------------------------------------


class Recovery:
    """What the caller's `recover` was told, and the counters that follow from it."""

    def __init__(self, next_free: int) -> None:
        self.next_free, self.raised_to = next_free, []

    def __call__(self) -> int:
        self.next_free += 1
        return self.next_free - 1

    async def recover(self, value: int) -> None:
        self.raised_to.append(value)
        self.next_free = value

    @property
    def credentials(self):
        known = credentials(recover=self.recover)
        known.counters = self
        return known


async def test_counters_that_fell_behind_are_recovered_once_by_the_public_client():
    recovery = Recovery(next_free=10)
    async with serving(Device(client_counter=500)) as endpoint:
        assert await visit(endpoint, recovery.credentials) == []
    assert recovery.raised_to == [601]


async def test_without_a_way_to_commit_it_a_lost_counter_stays_locked():
    error = await failure(Device(client_counter=500))
    assert (type(error).__mro__[1], error.text) == (Locked, "[TB_ACK_146] COUNTER")


async def test_counters_that_are_not_behind_are_left_alone():
    recovery = Recovery(next_free=10)
    device = Device(client_counter=3, twist=instead(AARQ, apdu(rejection(PERMANENT, 13))))
    assert isinstance(await failure(device, recovery.credentials), Locked)
    assert recovery.raised_to == []


async def test_a_device_that_refuses_every_counter_is_locked_after_one_recovery():
    recovery = Recovery(next_free=10)
    refusal = exception(ServiceError.INVOCATION_COUNTER_ERROR)

    def twist(number, request, answer):
        return refusal(request, answer) if request.client == 1 else answer

    device = Device(client_counter=500, twist=twist)
    error = await failure(device, recovery.credentials)
    assert (isinstance(error, Locked), error.text) == (True, "[TB_ACK_146] COUNTER")
    assert len(recovery.raised_to) == 1


# --- garbled bytes -------------------------------------------------------------------------------


def other_version(_, answer: bytes) -> bytes:
    return b"\0\2" + answer[2:]


def other_ports(_, answer: bytes) -> bytes:
    return answer[:2] + b"\0\7" + answer[4:]


def oversize(_, answer: bytes) -> bytes:
    return answer[:6] + b"\xff\xff" + answer[8:]


def twice(_, answer: bytes) -> bytes:
    return answer + answer


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
        session = await driver.open(endpoint, credentials(), quick())
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
        session = await CosemDriver().open(endpoint, credentials(), quick())
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


# --- in mid block --------------------------------------------------------------------------------


async def test_a_reset_in_mid_block_is_a_lost_connection():
    device = Device({LOAD_PROFILE.buffer: LONG}, twist=instead(SECOND_BLOCK, lambda *_: None))
    error = await failure(device)
    assert (type(error), error.text) == (Timeout, "[TB_ACK_197] CONNECTION LOST")
    assert error.contact is Contact.UNKNOWN


async def test_half_a_block_and_then_silence_is_a_timeout():
    half = instead(SECOND_BLOCK, lambda _, answer: answer[: len(answer) // 2])
    error = await failure(Device({LOAD_PROFILE.buffer: LONG}, twist=half))
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


# --- refusals and the end ------------------------------------------------------------------------


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
        session = await CosemDriver(pause=0.01).open(endpoint, credentials(), quick())
        with pytest.raises(Refused) as raised:
            await anext(session.collect(Table.LOAD_PROFILE, CYCLE))
        assert raised.value.text == text
        assert await session.status_word() == b"\0\0\0"
        await session.close()


@pytest.mark.parametrize("end", [lambda *_: b"", lambda *_: None, flipped, twice])
async def test_closing_never_raises(end):
    device = Device(twist=instead(PASS_THREE + 1, end))
    async with serving(device) as endpoint:
        session = await CosemDriver().open(endpoint, credentials(), quick())
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
            return await visit(endpoint, exchange=2.0)

    outcomes = await asyncio.gather(*map(outcome, [good, *bad]), return_exceptions=True)
    assert sum(len(batch.seen) for batch in outcomes[0]) == len(MACS)
    assert all(isinstance(error, FieldError) for error in outcomes[1:])
