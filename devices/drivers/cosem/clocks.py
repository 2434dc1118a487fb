"""The clock of a device, whichever it is (class 8; companion profile 3.1 "Clock")."""

import time

from devices.drivers.base import ClockReading
from devices.drivers.cosem import objects, stamps
from devices.drivers.cosem.performing import Peer
from devices.drivers.duties import Duty, SetClock, SetMeterClock


async def read(peer: Peer, _: Duty) -> ClockReading:
    """The device's time beside ours at that moment."""
    value = await peer.get(objects.TIME)
    return stamps.reading(value, time.time() - peer.half_exchange, peer.zone)


async def write(peer: Peer, duty: SetClock | SetMeterClock) -> None:
    """Our time as it will be when the request arrives."""
    arrival = round(time.time() + peer.half_exchange)
    await peer.set_once(objects.TIME, stamps.stamp_with_offset(arrival, duty.offset, peer.zone))
