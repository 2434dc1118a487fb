"""Clients that speak no AMQP, or bad AMQP: disconnected with one clear line, and the hub lives."""

import asyncio
import logging
import random

import pytest

from integration.eventhub_local.codec import Described, Symbol, UInt, ULong
from integration.eventhub_local.codec import encode as encode_value
from integration.eventhub_local.connection import AMQP_HEADER, SASL_HEADER
from integration.eventhub_local.performatives import (
    EMPTY_FRAME,
    HEADER,
    SASL,
    Attach,
    Begin,
    Open,
    SaslInit,
    Transfer,
    encode_frame,
)
from integration.eventhub_local.server import Hub, LocalEventHub

GREETING = (
    SASL_HEADER
    + encode_frame(0, SaslInit(Symbol("ANONYMOUS")), kind=SASL)
    + AMQP_HEADER
    + encode_frame(0, Open("me", max_frame_size=UInt(512)))
)
WINDOW = UInt(100)
BEGUN = GREETING + encode_frame(1, Begin(None, UInt(0), WINDOW, WINDOW))


def node(code: int, address: str) -> Described:
    return Described(ULong(code), [address])


def attach(handle: int, target: str) -> bytes:
    return encode_frame(1, Attach("a", UInt(handle), False, target=node(0x29, target)))


def framed(body: bytes) -> bytes:
    return HEADER.pack(8 + len(body), 2, 0, 0) + body


DISCONNECTED = {
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "random": random.Random(7).randbytes(2000),  # noqa: S311 - noise that comes again
    "no sasl": AMQP_HEADER,
    "another mechanism": SASL_HEADER + encode_frame(0, SaslInit(Symbol("PLAIN")), kind=SASL),
    "a huge frame": GREETING + HEADER.pack(0xFFFFFFFF, 2, 0, 0),
    "a tiny frame": GREETING + HEADER.pack(3, 2, 0, 0),
    "a bad offset": GREETING + HEADER.pack(12, 200, 0, 0) + b"abcd",
    "another frame type": GREETING + encode_frame(0, SaslInit(Symbol("x")), kind=SASL),
    "a body of noise": GREETING + framed(b"\x99\x98\x97"),
    "an unknown performative": GREETING + framed(encode_value(Described(ULong(0x77), []))),
    "no open": SASL_HEADER
    + encode_frame(0, SaslInit(Symbol("ANONYMOUS")), kind=SASL)
    + AMQP_HEADER
    + encode_frame(0, Begin(None, UInt(0), WINDOW, WINDOW)),
    "a session twice": BEGUN + encode_frame(1, Begin(None, UInt(0), WINDOW, WINDOW)),
    "a handle twice": BEGUN + attach(1, "$cbs") + attach(1, "$cbs"),
    "a handle too far": BEGUN + attach(4_000_000_000, "$cbs"),
    "nested without end": GREETING + framed(b"\x00" * 500),
}
ENDURED = {
    "a hub without a token": BEGUN + attach(1, "hes-s"),
    "an address that is none": BEGUN + attach(1, "//["),
    "a channel never begun": BEGUN + encode_frame(9, Begin(None, UInt(0), WINDOW, WINDOW)),
    "a link never attached": BEGUN + encode_frame(1, Transfer(UInt(5), UInt(0)), b"x"),
    "a request that is none": BEGUN
    + attach(1, "$cbs")
    + encode_frame(1, Transfer(UInt(1), UInt(0), b"t"), b"\x00\x53\x77\x40"),
    "a request too long": BEGUN
    + attach(1, "$cbs")
    + encode_frame(1, Transfer(UInt(1), UInt(0), b"t", more=True), b"x" * 60_000) * 3
    + encode_frame(1, Transfer(UInt(1), UInt(0), b"t")),
    "a delivery without number": BEGUN
    + attach(1, "$cbs")
    + encode_frame(1, Transfer(UInt(1)), b"x"),
    "silence": GREETING + EMPTY_FRAME * 3,
}


@pytest.fixture
async def hub(tmp_path):
    hub = LocalEventHub(tmp_path, [Hub("hes-s", 1)], "key", durable=False)
    await hub.start()
    yield hub
    await hub.stop()


async def answered(hub: LocalEventHub, sent: bytes, patience: float = 2) -> tuple[bytes, bool]:
    """What the hub said, and whether it hung up."""
    _, writer = pair = await asyncio.open_connection("127.0.0.1", hub.port)
    writer.write(sent)
    said, hung_up = b"", False
    try:
        async with asyncio.timeout(patience):
            while found := await pair[0].read(65536):
                said += found
            hung_up = True
    except TimeoutError:
        pass
    except ConnectionError:
        hung_up = True
    writer.close()
    return said, hung_up


@pytest.mark.parametrize("sent", DISCONNECTED.values(), ids=DISCONNECTED)
async def test_a_client_that_breaks_the_protocol_is_disconnected_with_a_line(hub, sent, caplog):
    with caplog.at_level(logging.WARNING):
        _, hung_up = await answered(hub, sent)
    assert hung_up
    assert [record.message for record in caplog.records if "disconnected" in record.message]
    assert all(record.levelno < logging.ERROR for record in caplog.records)
    said, _ = await answered(hub, GREETING, patience=0.05)
    assert said.startswith(SASL_HEADER)


@pytest.mark.parametrize("sent", ENDURED.values(), ids=ENDURED)
async def test_what_touches_only_a_link_costs_only_the_link(hub, sent, caplog):
    _, hung_up = await answered(hub, sent, patience=0.15)
    assert not hung_up
    assert all(record.levelno < logging.ERROR for record in caplog.records)


async def test_a_client_too_many_is_refused(hub, monkeypatch):
    monkeypatch.setattr("integration.eventhub_local.server.MOST_CONNECTIONS", 1)
    _, first = await asyncio.open_connection("127.0.0.1", hub.port)
    await asyncio.sleep(0.05)
    assert await answered(hub, GREETING) == (b"", True)
    first.close()


async def test_a_client_that_never_greets_is_let_go(hub, monkeypatch, caplog):
    monkeypatch.setattr("integration.eventhub_local.connection.GREETING_SECONDS", 0.1)
    assert await answered(hub, b"AMQP") == (b"", True)
    assert "silent" in caplog.text
