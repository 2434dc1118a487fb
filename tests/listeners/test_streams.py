"""Pushes over TCP, over real connections."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from devices.protocol.wrapper import frame
from listeners import streams as module
from listeners.batches import KEPT, Batch
from listeners.streams import Streams
from tests.factories.datagrams import HOST

PUSH = frame(1, 102, b"\x0f\0\0\0\1\0")


class Server:
    """Its port, and what it took."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.is_full = False
        self.streams = Streams(self.batches.append, lambda: self.is_full)

    @property
    def messages(self) -> list[tuple[int, bytes]]:
        return [(batch.sizes[0], batch.raw(0)) for batch in self.batches]

    async def reach(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.batches) < count:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Server, int]]:
    server = Server()
    await server.streams.listen(HOST, 0)
    port = server.streams._servers[0].sockets[0].getsockname()[1]
    try:
        yield server, port
    finally:
        await server.streams.close()


async def send(port: int, *pieces: bytes) -> None:
    """Each piece for itself, then the end; waits until the other side has closed too."""
    reader, writer = await asyncio.open_connection(HOST, port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.005)
    writer.write_eof()
    await reader.read()
    writer.close()


async def test_frames_of_a_connection_are_messages_of_their_own():
    async with serving() as (server, port):
        await send(port, PUSH + PUSH)
        assert server.messages == [(len(PUSH), PUSH)] * 2
    batch = server.batches[0]
    assert batch.is_stream
    assert batch.port == 0  # the one it was asked to serve


async def test_a_frame_may_come_byte_by_byte():
    async with serving() as (server, port):
        await send(port, *(bytes([byte]) for byte in PUSH))
        assert server.messages == [(len(PUSH), PUSH)]


@pytest.mark.parametrize("length", range(1, len(PUSH)))
async def test_what_came_of_a_frame_that_was_cut_is_kept(length):
    async with serving() as (server, port):
        await send(port, PUSH[:length])
        assert server.messages == [(length, PUSH[:length])]


async def test_a_connection_without_a_byte_is_no_message():
    async with serving() as (server, port):
        await send(port)
        assert server.messages == []


async def test_the_largest_frame_is_counted_whole_and_kept_in_part():
    large = frame(1, 102, bytes(65_535))
    async with serving() as (server, port):
        await send(port, large, PUSH)
        assert server.messages == [(len(large), large[:KEPT]), (len(PUSH), PUSH)]


async def test_what_is_no_frame_is_kept_and_ends_the_connection():
    noise = b"GET / HTTP/1.1\r\n" * 1000
    async with serving() as (server, port):
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(noise)
        await server.reach(1)
        assert server.messages == [(KEPT, noise[:KEPT])]
        with contextlib.suppress(ConnectionResetError):  # what was not read is thrown away
            assert await reader.read() == b""
        writer.close()


async def test_who_is_slow_loses_the_connection_not_what_he_said(monkeypatch):
    monkeypatch.setattr(module, "DEADLINE", 0.05)
    async with serving() as (server, port):
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(PUSH[:5])
        assert await reader.read() == b""
        assert server.messages == [(5, PUSH[:5])]
        writer.close()


async def test_who_sends_without_end_is_cut_off_after_some_frames(monkeypatch):
    monkeypatch.setattr(module, "FRAMES", 3)
    async with serving() as (server, port):
        await send(port, PUSH * 3)
        assert len(server.messages) == 3


async def test_connections_beyond_the_limit_are_refused_and_counted(monkeypatch):
    monkeypatch.setattr(module, "CONNECTIONS", 1)
    async with serving() as (server, port):
        _, first = await asyncio.open_connection(HOST, port)
        first.write(PUSH)
        await server.reach(1)
        reader, second = await asyncio.open_connection(HOST, port)
        assert await reader.read() == b""
        assert server.streams.refused == 1
        first.close()
        second.close()


async def test_who_sends_to_a_full_ring_waits(monkeypatch):
    monkeypatch.setattr(module, "_FULL_PAUSE", 0.005)
    async with serving() as (server, port):
        server.is_full = True
        _, writer = await asyncio.open_connection(HOST, port)
        writer.write(PUSH + PUSH)
        await server.reach(1)
        await asyncio.sleep(0.05)
        assert len(server.messages) == 1
        server.is_full = False
        await server.reach(2)
        writer.close()


async def test_at_the_end_a_half_frame_is_kept():
    async with serving() as (server, port):
        _, writer = await asyncio.open_connection(HOST, port)
        writer.write(PUSH + PUSH[:4])
        await server.reach(1)
        await asyncio.sleep(0.02)
    writer.close()
    assert server.messages == [(len(PUSH), PUSH), (4, PUSH[:4])]
