"""Deadlines, byte cap and the errors of a connection, on real sockets."""

import asyncio
import errno
import socket
import time

import pytest

from devices.drivers.base import Cancelled, Contact, Endpoint, Timeout, Unreachable
from devices.session.transport import READ_SIZE, Budget, Transport
from tests.devices.drivers.cosem.device import listening, patient

REQUEST = b"x" * 31


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(-1)


async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"\0")
        await asyncio.sleep(0.02)


async def flooding(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(bytes(65_536))
        await writer.drain()


async def opened(endpoint: Endpoint, greeted: bool = True, **limits: float) -> Transport:
    transport = Transport(endpoint, Budget(patient(**limits)))
    await transport.connect()
    transport.greeted = greeted
    return transport


async def drained(transport: Transport) -> None:
    await transport.send(REQUEST, 0.3)
    while True:
        await transport.receive()


async def test_a_refused_connection_is_unreachable_and_missed():
    transport = Transport(Endpoint("127.0.0.1", free_port()), Budget(patient()))
    with pytest.raises(Unreachable, match=r"is unreachable \[Open socket is failed\]") as raised:
        await transport.connect()
    assert raised.value.contact is Contact.MISSED
    assert not transport.is_open


async def test_a_name_nobody_knows_is_unreachable(monkeypatch):
    async def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    with pytest.raises(Unreachable):
        await Transport(Endpoint("no such host", 4059), Budget(patient())).connect()


async def connect_often(endpoint: Endpoint) -> None:
    for _ in range(4):
        await Transport(endpoint, Budget(patient(connect=0.2))).connect()


async def test_a_connection_that_does_not_come_about_ends_by_its_deadline():
    with socket.socket() as full:  # nobody accepts, so the queue of one fills
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        begun = time.monotonic()
        with (
            socket.create_connection(full.getsockname()),
            pytest.raises(Unreachable, match="Open socket is failed"),
        ):
            await connect_often(Endpoint(*full.getsockname()))
        assert time.monotonic() - begun < 2


async def test_our_own_lack_of_sockets_is_not_the_devices_fault(monkeypatch):
    def exhausted(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    transport = Transport(Endpoint("127.0.0.1", 1), Budget(patient()))
    monkeypatch.setattr(socket, "socket", exhausted)
    with pytest.raises(Cancelled, match="Too many open files") as raised:
        await transport.connect()
    assert raised.value.contact is Contact.UNKNOWN


@pytest.mark.parametrize("behaviour", [silent, closing], ids=["silent", "closed"])
async def test_before_the_first_answer_silence_and_closing_mean_no_answer(behaviour):
    async with listening(behaviour) as endpoint:
        transport = await opened(endpoint, greeted=False)
        with pytest.raises(Unreachable, match=r"is unreachable \[No answer\]"):
            await drained(transport)
        assert not transport.is_open


async def test_after_the_first_answer_silence_is_a_timeout():
    async with listening(silent) as endpoint:
        transport = await opened(endpoint)
        begun = time.monotonic()
        with pytest.raises(Timeout, match="TB_ACK_191") as raised:
            await drained(transport)
    assert 0.25 < time.monotonic() - begun < 1
    assert raised.value.contact is Contact.UNKNOWN


async def test_after_the_first_answer_a_closed_connection_is_lost():
    async with listening(closing) as endpoint:
        with pytest.raises(Timeout, match="TB_ACK_197"):
            await drained(await opened(endpoint))


async def test_a_drip_ends_with_its_exchange():
    async with listening(dripping) as endpoint:
        begun = time.monotonic()
        with pytest.raises(Timeout, match="TB_ACK_191"):
            await drained(await opened(endpoint))
    assert time.monotonic() - begun < 1


async def test_the_visit_deadline_ends_an_exchange_that_had_time_left():
    async with listening(dripping) as endpoint:
        transport = await opened(endpoint, visit=0.2)
        with pytest.raises(Timeout, match="TB_ACK_192"):
            await drained(transport)


async def test_a_flood_ends_at_the_byte_cap():
    async with listening(flooding) as endpoint:
        budget = Budget(patient(received_bytes=1_000_000))
        transport = Transport(endpoint, budget)
        await transport.connect()
        transport.greeted = True
        with pytest.raises(Timeout, match="TB_ACK_192"):
            await drained(transport)
    assert budget.received == 1_000_000
    assert not transport.is_open


async def test_what_nobody_waits_for_stays_in_the_kernel():
    async with listening(flooding) as endpoint:
        transport = await opened(endpoint)
        await transport.send(REQUEST, 0.3)
        await asyncio.sleep(0.1)
        assert len(await transport.receive()) <= READ_SIZE
        transport.close()


async def test_a_budget_lasts_over_connections():
    async with listening(flooding) as endpoint:
        budget = Budget(patient(received_bytes=200_000))
        for _ in range(2):
            transport = Transport(endpoint, budget)
            await transport.connect()
            await transport.send(REQUEST, 0.3)
            received = len(await transport.receive())
            assert received
            transport.close()
        assert budget.exchanges == 2
        assert 200_000 - budget.bytes_left == budget.received > received


async def test_a_closed_transport_says_so_and_closes_twice():
    async with listening(silent) as endpoint:
        transport = await opened(endpoint)
        transport.close()
        transport.close()
        with pytest.raises(Timeout, match="TB_ACK_197"):
            await transport.send(REQUEST, 0.3)
