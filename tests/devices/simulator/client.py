"""A plain asyncio client over the codec: what a test needs to ask a simulated device."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from devices.protocol import events
from devices.protocol.apdu import Attribute
from devices.protocol.association import Mechanism
from devices.protocol.axdr import Data, decode_all
from devices.protocol.connection import ClientConnection
from devices.protocol.gateway import GatewayAddress
from devices.protocol.security import Keys
from devices.protocol.selective import Selection
from devices.protocol.settings import ClientSettings
from devices.simulator.population import Concentrator, Meter

PATIENCE = 5
TITLE = b"HES\x00\x01\x00\x00\x01"


class Asker:
    """One association over a stream that others may share, one exchange at a time."""

    def __init__(self, reader, writer, settings: ClientSettings, counter: int = 0) -> None:
        self.reader, self.writer = reader, writer
        self.connection = ClientConnection(settings, itertools.count(counter).__next__)

    async def exchange(self, out: bytes) -> events.Event:
        self.writer.write(out)
        while True:
            data = await asyncio.wait_for(self.reader.read(65_536), PATIENCE)
            if not data:
                raise ConnectionResetError("closed by the device")
            for event in self.connection.receive(data):
                if not isinstance(event, events.ToSend):
                    return event
                self.writer.write(event.data)

    async def associate(self) -> events.Event:
        return await self.exchange(self.connection.associate())

    async def get(self, attribute: Attribute, selection: Selection | None = None) -> Data:
        raw = await self.raw(attribute, selection)
        return decode_all(raw) if isinstance(raw, bytes) else raw

    async def raw(self, attribute: Attribute, selection: Selection | None = None):
        """The encoded value, or the event of a refusal."""
        event = await self.exchange(self.connection.get(attribute, selection, stream=True))
        collected = b""
        while isinstance(event, events.DataBlock):
            collected += event.raw
            if event.last:
                return collected
            event = await self.exchange(self.connection.next_block())
        return event

    async def set(self, attribute: Attribute, value: Data) -> events.Event:
        return await self.exchange(self.connection.set(attribute, value))

    async def release(self) -> events.Event:
        return await self.exchange(self.connection.release())


def management(keys: tuple[bytes, bytes], meter: Meter | None = None) -> ClientSettings:
    return ClientSettings(
        client=1, mechanism=Mechanism.HLS5_GMAC, keys=Keys(*keys), title=TITLE,
        challenge=os.urandom(16), max_pdu=1024 if meter else 16_384,
        gateway=GatewayAddress(meter.mac) if meter else None,
    )  # fmt: skip


def public(meter: Meter | None = None) -> ClientSettings:
    return ClientSettings(client=16, gateway=GatewayAddress(meter.mac) if meter else None)


def of_meter(meter: Meter) -> ClientSettings:
    return management((meter.encryption_key, meter.authentication_key), meter)


@asynccontextmanager
async def connected(endpoint, settings: ClientSettings, counter: int = 0) -> AsyncIterator[Asker]:
    reader, writer = await asyncio.open_connection(*endpoint)
    try:
        yield Asker(reader, writer, settings, counter)
    finally:
        writer.close()


@asynccontextmanager
async def managed(field, concentrator: Concentrator, counter: int = 0) -> AsyncIterator[Asker]:
    """An open management association with a concentrator."""
    endpoint = field.endpoint(concentrator.serial)
    async with connected(endpoint, management(concentrator.keys), counter) as asker:
        event = await asker.associate()
        assert isinstance(event, events.Associated), event
        yield asker
