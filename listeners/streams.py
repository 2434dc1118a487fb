"""Pushes over TCP: DLMS wrapper frames, each kept like a datagram.

A frame is version 1, two wPorts and the length of what follows, 16 bits each (IEC 62056-4-7).
What is no frame, or none to the end, is kept as far as it came and ends the connection. No answer
is sent.
"""

import asyncio
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable

from listeners.batches import KEPT, Batch, single

DEADLINE = 30.0  # seconds for a frame, from the end of the one before
CONNECTIONS = 500
FRAMES = 1000  # of one connection
_VERSION, _HEAD, _PIECE = b"\x00\x01", 8, 4096
_LENGTH = slice(6, 8)
_FULL_PAUSE = 0.05


class _Ended(Exception):
    """The sender has closed the connection."""


class _Frame:
    """What has come of one frame: the bytes that are kept, and how many there were."""

    def __init__(self) -> None:
        self.kept = bytearray()
        self.size = 0

    async def arrives(self, reader: StreamReader) -> bool:
        """Whether it came whole and in time."""
        try:
            async with asyncio.timeout(DEADLINE):
                return await self._read(reader)
        except (_Ended, TimeoutError, ConnectionError):
            return False

    async def _read(self, reader: StreamReader) -> bool:
        await self._fill(reader, _HEAD)
        if not self.kept.startswith(_VERSION):
            await self._fill(reader, KEPT)
            return False
        await self._fill(reader, _HEAD + int.from_bytes(self.kept[_LENGTH], "big"))
        return True

    async def _fill(self, reader: StreamReader, size: int) -> None:
        while self.size < size:
            piece = await reader.read(min(size - self.size, _PIECE))
            if not piece:
                raise _Ended
            self.size += len(piece)
            self.kept += piece[: KEPT - len(self.kept)]


class Streams:
    """The connections of all ports. `take` gets what was received, `is_full` says wait."""

    def __init__(self, take: Callable[[Batch], None], is_full: Callable[[], bool]) -> None:
        self._take, self._is_full = take, is_full
        self._servers: list[asyncio.Server] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self.refused = 0

    async def listen(self, address: str, port: int) -> None:
        """Serve this port too."""

        def connected(reader: StreamReader, writer: StreamWriter) -> None:
            self._connected(reader, writer, port)

        self._servers.append(await asyncio.start_server(connected, address, port, limit=_PIECE))

    async def close(self) -> None:
        """End all; what came of a frame is kept."""
        for server in self._servers:
            server.close()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _connected(self, reader: StreamReader, writer: StreamWriter, port: int) -> None:
        if len(self._under_way) >= CONNECTIONS:
            self.refused += 1
            writer.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer, port))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _serve(self, reader: StreamReader, writer: StreamWriter, port: int) -> None:
        source = writer.get_extra_info("peername")  # None: it is gone already
        try:
            for _ in range(FRAMES):
                if not (source and await self._received(reader, source, port)):
                    return
                while self._is_full():
                    await asyncio.sleep(_FULL_PAUSE)
        finally:
            writer.close()

    async def _received(self, reader: StreamReader, source: tuple[str, int], port: int) -> bool:
        """Whether a whole frame came; what came is handed on in any case."""
        frame = _Frame()
        try:
            return await frame.arrives(reader)
        finally:
            if frame.size:
                now = time.time_ns() // 1000
                self._take(single(bytes(frame.kept), frame.size, source, port, now))
