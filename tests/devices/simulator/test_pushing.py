"""A simulated meter pushes what its setups list, sealed, over UDP and TCP."""

import asyncio
import socket
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from devices.protocol import pushes
from devices.protocol.axdr import I8, Enum
from devices.protocol.errors import ActionStatus, DataAccess
from devices.protocol.events import Result
from devices.protocol.objects import ALARM_SETUP, LAST_GASP_SETUP, PushSetup
from devices.protocol.pushes import Sealed, unseal
from devices.protocol.security import Keys
from devices.protocol.spontaneous import Kind, Message
from devices.simulator import pushing
from devices.simulator.device import FieldOptions
from devices.simulator.population import Fleet
from devices.simulator.server import running_field
from tests.devices.simulator.client import Asker, managed, of_meter

FLEET = Fleet.generate(seed=1, concentrators=1, meters=2)
OWNER = FLEET.concentrator(0)
METER = OWNER.meters[0]
NOW = int(datetime(2026, 6, 12, 15, tzinfo=UTC).timestamp())
OPTIONS = FieldOptions(now=lambda: NOW, plc_factor=0, answer_share=1.0)
PATIENCE = 5


async def asked(setup: PushSetup, transport: int, place: str) -> int:
    """Let the meter push there; the status of the action."""
    async with (
        running_field(FLEET, options=OPTIONS, port_base=0) as field,
        managed(field, OWNER) as asker,
    ):
        meter = Asker(asker.reader, asker.writer, of_meter(METER))
        await meter.associate()
        to = (Enum(transport), place.encode(), Enum(0))
        if place:
            destination = setup.attribute(setup.DESTINATION)
            assert await meter.set(destination, to) == Result(DataAccess.SUCCESS)
            assert await meter.get(destination) == to
        done = await meter.exchange(meter.connection.action(setup.method(setup.PUSH), I8(0)))
        return int(done.status)  # type: ignore[union-attr]


def said(raw: bytes) -> Message:
    found = pushes.decode(raw)
    assert isinstance(found, Sealed)
    assert found.title == METER.system_title
    message = unseal(found, own_keys())
    assert isinstance(message, Message)
    return message


def own_keys() -> Keys:
    return Keys(METER.encryption_key, METER.authentication_key)


async def by_udp(setup: PushSetup) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.bind(("127.0.0.1", 0))
        endpoint.settimeout(PATIENCE)
        assert await asked(setup, pushing.UDP, f"127.0.0.1:{endpoint.getsockname()[1]}") == 0
        return await asyncio.to_thread(endpoint.recv, 4096)


async def by_tcp(setup: PushSetup) -> bytes:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        assert await asked(setup, pushing.TCP, f"127.0.0.1:{listener.getsockname()[1]}") == 0
        connection, _ = await asyncio.to_thread(listener.accept)
        with connection:
            return await asyncio.to_thread(connection.recv, 4096, socket.MSG_WAITALL)


@pytest.mark.parametrize("way", [by_udp, by_tcp])
@pytest.mark.parametrize(
    ("setup", "kind"), [(LAST_GASP_SETUP, Kind.METER_LOST), (ALARM_SETUP, Kind.METER_ALARM)]
)
async def test_a_push_says_what_its_setup_is_for(
    way: Callable[[PushSetup], "asyncio.Future[bytes]"], setup: PushSetup, kind: Kind
) -> None:
    message = said(await way(setup))
    assert (message.kind, message.serial, message.is_proven) == (kind, METER.serial, True)
    assert message.deviation is not None
    assert abs(message.local + 60 * message.deviation - NOW) <= 90  # as a meter's clock drifts


async def test_without_a_destination_nothing_is_pushed() -> None:
    assert await asked(ALARM_SETUP, pushing.UDP, "") == ActionStatus.OTHER_REASON


@pytest.mark.parametrize(
    ("transport", "place"),
    [(2, "127.0.0.1:1"), (1, "127.0.0.1"), (1, "127.0.0.1:99999"), (1, ":1")],
)
async def test_a_destination_that_names_no_place_is_refused(transport: int, place: str) -> None:
    setup = LAST_GASP_SETUP
    async with (
        running_field(FLEET, options=OPTIONS, port_base=0) as field,
        managed(field, OWNER) as asker,
    ):
        meter = Asker(asker.reader, asker.writer, of_meter(METER))
        await meter.associate()
        value = (Enum(transport), place.encode(), Enum(0))
        answer = await meter.set(setup.attribute(setup.DESTINATION), value)
        assert answer == Result(DataAccess.TYPE_UNMATCHED)
