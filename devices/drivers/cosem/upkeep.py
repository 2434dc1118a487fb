"""Clock, summer times, time server and status word of a concentrator (companion profile 3.1)."""

from devices.drivers.base import DstPeriod
from devices.drivers.cosem import clocks, objects, stamps
from devices.drivers.cosem.performing import Duties, Peer
from devices.drivers.cosem.text import text
from devices.drivers.duties import (
    Ntp,
    ReadClock,
    ReadDstTable,
    ReadNtp,
    ReadStatusWord,
    ReadTimeZone,
    SetClock,
    SetDstTable,
    SetNtp,
    SetTimeZone,
)
from devices.protocol import expect
from devices.protocol.axdr import I16, U16, Enum
from devices.protocol.objects import CLOCK, NTP_SETUP, Clock, NtpSetup

_TIME_ZONE = CLOCK.attribute(Clock.TIME_ZONE)
_NTP = [
    NTP_SETUP.attribute(index)
    for index in (
        NtpSetup.ACTIVATED,
        NtpSetup.SERVER,
        NtpSetup.PORT,
        NtpSetup.AUTHENTICATION,
    )
]


async def _time_zone(peer: Peer, _: ReadTimeZone) -> int:
    return expect.integer(await peer.get(_TIME_ZONE), "time zone")


async def _set_time_zone(peer: Peer, duty: SetTimeZone) -> None:
    await peer.set_once(_TIME_ZONE, I16(duty.minutes))


async def _dst_table(peer: Peer, _: ReadDstTable) -> tuple[DstPeriod, ...]:
    return stamps.dst_periods(await peer.get(objects.DST_TABLE), peer.zone)


async def _set_dst_table(peer: Peer, duty: SetDstTable) -> None:
    await peer.set_once(objects.DST_TABLE, stamps.dst_table(duty.periods, peer.zone))


async def _ntp(peer: Peer, _: ReadNtp) -> Ntp:
    is_active, server, port, authentication = await peer.get_many(_NTP)
    return Ntp(
        is_active=expect.boolean(is_active, "NTP activated"),
        server=text(expect.octets(server, "NTP server")),
        port=expect.integer(port, "NTP port"),
        authentication=expect.integer(authentication, "NTP authentication"),
    )


async def _set_ntp(peer: Peer, duty: SetNtp) -> None:
    """The switch last: what is switched on already knows its server."""
    wanted = duty.ntp
    activated, server, port, authentication = _NTP
    for attribute, value in (
        (server, wanted.server.encode()),
        (port, U16(wanted.port)),
        (authentication, Enum(wanted.authentication)),
        (activated, wanted.is_active),
    ):
        await peer.set_once(attribute, value)


async def _status_word(peer: Peer, _: ReadStatusWord) -> bytes:
    return expect.octets(await peer.get(objects.STATUS_WORD), "status word", 3)


UPKEEP: Duties = {
    ReadClock: clocks.read,
    SetClock: clocks.write,
    ReadTimeZone: _time_zone,
    SetTimeZone: _set_time_zone,
    ReadDstTable: _dst_table,
    SetDstTable: _set_dst_table,
    ReadNtp: _ntp,
    SetNtp: _set_ntp,
    ReadStatusWord: _status_word,
}
