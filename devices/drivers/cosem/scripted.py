"""Steps of scripts: attributes and methods by the name a script gives them (profile 3.4)."""

from devices.drivers.cosem.performing import Duties, Peer
from devices.drivers.duties import (
    CallMethod,
    CallOwnMethod,
    ReadAttribute,
    ReadOwnAttribute,
    SetAttribute,
    SetOwnAttribute,
)
from devices.protocol.apdu import attribute_named, method_named
from devices.protocol.axdr import Data


async def _read(peer: Peer, duty: ReadAttribute) -> Data:
    return await peer.get(attribute_named(duty.attribute))


async def _set(peer: Peer, duty: SetAttribute) -> None:
    await peer.set_once(attribute_named(duty.attribute), duty.value)


async def _call(peer: Peer, duty: CallMethod) -> None:
    await peer.action(method_named(duty.method), duty.value)


METER_STEPS: Duties = {ReadAttribute: _read, SetAttribute: _set, CallMethod: _call}
CONCENTRATOR_STEPS: Duties = {
    ReadOwnAttribute: _read,
    SetOwnAttribute: _set,
    CallOwnMethod: _call,
}
