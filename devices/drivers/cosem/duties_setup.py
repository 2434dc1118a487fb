"""What a meter is set up with: zone and recording period (companion profile 4.1, 5.2)."""

from devices.drivers.cosem.performing import Duties, Peer
from devices.drivers.duties import MeterSetup, ReadMeterSetup, SetMeterZone, SetProfilePeriod
from devices.protocol import expect
from devices.protocol.axdr import I16, U32
from devices.protocol.objects import CLOCK, Clock, ProfileGeneric

LOAD_PROFILE = ProfileGeneric.at("1.0.99.1.0").attribute(ProfileGeneric.CAPTURE_PERIOD)
TIME_ZONE = CLOCK.attribute(Clock.TIME_ZONE)
MINUTE = 60


async def _setup(peer: Peer, _: ReadMeterSetup) -> MeterSetup:
    zone, period = await peer.get_many((TIME_ZONE, LOAD_PROFILE))
    seconds = expect.integer(period, "capture period")
    return MeterSetup(expect.integer(zone, "time zone"), seconds // MINUTE)


async def _set_zone(peer: Peer, duty: SetMeterZone) -> None:
    await peer.set_once(TIME_ZONE, I16(duty.time_zone))


async def _set_period(peer: Peer, duty: SetProfilePeriod) -> None:
    await peer.set_once(LOAD_PROFILE, U32(duty.period * MINUTE))


SETUP_DUTIES: Duties = {
    ReadMeterSetup: _setup,
    SetMeterZone: _set_zone,
    SetProfilePeriod: _set_period,
}
