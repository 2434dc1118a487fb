"""A key for one association: services under it, the way to it under the global key (ded-*)."""

import pytest

from devices.protocol import events
from devices.protocol.apdu import Method
from devices.protocol.association import AssociationRequest, Initiate, Mechanism
from devices.protocol.axdr import I8, U32
from devices.protocol.errors import DataAccess, GarbledError, ProtocolError
from devices.protocol.objects import CLOCK, Clock
from devices.protocol.security import Sealer
from devices.protocol.wrapper import frame
from tests.devices.protocol.worlds import (
    BUFFER,
    ENERGY,
    KEYS,
    METER,
    NOW,
    SERVER_TITLE,
    SWITCH,
    World,
    settings_of,
)

TIME = CLOCK.attribute(Clock.TIME)

DEDICATED_KEY = bytes(range(100, 116))


def dedicated_world(**changes) -> World:
    return World(settings_of(Mechanism.HLS5_GMAC, dedicated_key=DEDICATED_KEY, **changes))


@pytest.mark.parametrize("gateway", [None, METER])
def test_services_travel_under_the_dedicated_key_and_the_initiate_under_the_global_one(gateway):
    world = dedicated_world(gateway=gateway)
    aarq = world.client.associate()
    assert DEDICATED_KEY not in aarq
    assert isinstance(world.ask(aarq), events.Associated)
    asked = world.client.get(TIME)
    assert b"\xd0" in (asked[8:9], asked[17:18])  # behind the wrapper, or behind the prefix
    assert world.ask(asked).value == NOW
    assert world.ask(world.client.set(ENERGY.attribute(2), U32(7))).result is DataAccess.SUCCESS
    assert world.ask(world.client.action(Method(70, SWITCH.name, 1), I8(0))).status == 0
    assert len(world.used) == len(set(world.used))


def test_long_answers_come_by_blocks_under_the_dedicated_key_too():
    world = dedicated_world(max_pdu=300)
    world.ask(world.client.associate())
    assert len(world.ask(world.client.get(BUFFER)).value) == 500


def test_the_counter_kept_for_the_next_session_is_that_of_the_global_key():
    world = dedicated_world()
    world.ask(world.client.associate())
    before = world.client.server_counter
    world.ask(world.client.get(TIME))
    assert world.client.server_counter == before


def test_an_answer_under_the_global_key_is_garbled_once_a_dedicated_one_is_agreed():
    world = dedicated_world()
    world.ask(world.client.associate())
    sealed = Sealer(KEYS, SERVER_TITLE, lambda: 900).seal(b"\xc4\x01\xc2\x00\x00")
    world.client.get(TIME)
    with pytest.raises(GarbledError):
        world.client.receive(frame(1, 1, sealed))


def test_a_dedicated_key_has_sixteen_bytes_and_travels_ciphered():
    with pytest.raises(ProtocolError, match="travels ciphered"):
        settings_of(Mechanism.NONE, dedicated_key=DEDICATED_KEY)
    with pytest.raises(ProtocolError, match="16 bytes"):
        settings_of(Mechanism.HLS5_GMAC, dedicated_key=b"short")
    agreed = settings_of(Mechanism.HLS5_GMAC, dedicated_key=DEDICATED_KEY)
    assert repr(DEDICATED_KEY) not in repr(agreed)


def test_a_device_refuses_a_dedicated_key_in_clear():
    world = World(settings_of(Mechanism.NONE))
    initiate = Initiate(0x001E1D, 1000, DEDICATED_KEY).request()
    request = AssociationRequest(ciphered=False, mechanism=Mechanism.NONE, initiate=initiate)
    assert world.session.answer(16, request.encode())[0] == 0xD8
    assert not world.session.associated
