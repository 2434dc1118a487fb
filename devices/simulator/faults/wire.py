"""Faults of the wire: how an answer goes out. `after` answers of a connection go out unharmed."""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from devices.protocol.gateway import RESPONSE
from devices.simulator.device import Device
from devices.simulator.server import Line

HEADER = 8  # bytes of the wrapper
BLOCK = 1000  # an answer longer than this is a block of a table
LONGEST = b"\xff\xff"
NO_TAG = 0xEE
ASSOCIATED = 2  # answers until a management association is open


@dataclass(slots=True)
class _OnTheWire(ABC):
    after: float = ASSOCIATED

    def install(self, device: Device) -> None:
        """Take over the device's sending."""
        device.wire = self

    async def send(self, line: Line, number: int, frame: bytes) -> None:
        """Harm answer `number` once `after` have gone out."""
        if number < self.after:
            line.writer.write(frame)
            await line.writer.drain()
        else:
            await self.harm(line, frame)

    @abstractmethod
    async def harm(self, line: Line, frame: bytes) -> None:
        """Send it wrongly."""


@dataclass(slots=True)
class Hang(_OnTheWire):
    """Accepts and says nothing."""

    after: float = 0

    async def harm(self, line: Line, frame: bytes) -> None:
        """Nothing, until the client gives up."""
        await line.until_closed()


@dataclass(slots=True)
class Drip(_OnTheWire):
    """One byte per `seconds`, from the first answer on."""

    seconds: float = 1.0
    after: float = field(default=0, kw_only=True)

    async def harm(self, line: Line, frame: bytes) -> None:
        """Byte by byte."""
        for place in range(len(frame)):
            line.writer.write(frame[place : place + 1])
            await line.writer.drain()
            await asyncio.sleep(self.seconds)


@dataclass(slots=True)
class Flood(_OnTheWire):
    """Never stops answering."""

    async def harm(self, line: Line, frame: bytes) -> None:
        """The same answer again and again, until the client goes."""
        while not line.reader.at_eof():
            line.writer.write(frame * 64)
            await line.writer.drain()
            await asyncio.sleep(0)


@dataclass(slots=True)
class ResetInBlock(_OnTheWire):
    """Breaks the connection in the middle of the first long answer."""

    after: float = 0

    async def harm(self, line: Line, frame: bytes) -> None:
        """Half of it and a reset; short answers pass."""
        if len(frame) <= BLOCK:
            line.writer.write(frame)
            await line.writer.drain()
        else:
            line.writer.write(frame[: len(frame) // 2])
            await asyncio.sleep(0.01)
            line.reset()


@dataclass(slots=True)
class Truncated(_OnTheWire):
    """Closes before the frame is complete."""

    async def harm(self, line: Line, frame: bytes) -> None:
        """All but three bytes."""
        line.writer.write(frame[:-3])
        line.writer.close()


@dataclass(slots=True)
class Oversize(_OnTheWire):
    """Claims the longest possible frame."""

    _LENGTH: ClassVar[slice] = slice(6, 8)

    async def harm(self, line: Line, frame: bytes) -> None:
        """The answer under a false length."""
        false = bytearray(frame)
        false[self._LENGTH] = LONGEST
        line.writer.write(bytes(false))
        await line.writer.drain()


@dataclass(slots=True)
class WrongTag(_OnTheWire):
    """Answers with an APDU that does not exist."""

    async def harm(self, line: Line, frame: bytes) -> None:
        """The answer under tag EE, behind the gateway prefix if it has one."""
        false = bytearray(frame)
        place = HEADER
        if false[place] == RESPONSE:
            place += 3 + false[place + 2]
        false[place] = NO_TAG
        line.writer.write(bytes(false))
        await line.writer.drain()
