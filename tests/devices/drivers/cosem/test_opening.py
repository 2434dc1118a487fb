"""Associations that do not come about, and the one recovery of a counter."""

import pytest

from devices.drivers.base import (
    Busy,
    Contact,
    Garbled,
    Locked,
    Refused,
    Timeout,
    Unreachable,
)
from devices.protocol.apdu import ConfirmedServiceError
from devices.protocol.association import rejection
from devices.protocol.errors import AssociationResult, ServiceError
from tests.devices.drivers.cosem.device import (
    GAK,
    GUEK,
    SERVER_TITLE,
    Device,
    credentials,
    listening,
    serving,
)
from tests.devices.drivers.cosem.visiting import (
    AARQ,
    PASS_THREE,
    apdu,
    exception,
    failure,
    instead,
    visit,
)

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
    error = await failure(Device(twist=lambda *_: b""), exchange=1.5)
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
    error = await failure(Device(twist=instead(PASS_THREE, lambda *_: b"")), exchange=1.5)
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
