"""What a running field says by itself: wake-ups and last gasps, by the profile each concentrator
was given (companion profile 3.1). As installed, without an address, it is silent."""

import asyncio
import heapq
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from ipaddress import IPv4Address
from typing import NamedTuple

from devices.protocol import expect
from devices.protocol.axdr import decode_all
from devices.protocol.spontaneous import Kind
from devices.simulator import storms
from devices.simulator.datagrams import Sender
from devices.simulator.device import Device
from devices.simulator.holdings import ConcentratorHolding
from devices.simulator.population import Fleet
from devices.simulator.server import RunningField
from devices.simulator.state import NOBODY
from devices.simulator.storms import Gasp, Storm

TICK = 0.5  # seconds
MISSED = 60  # seconds; what a frozen process has missed beyond is not made up for
_OF_CONCENTRATORS = Kind.CONCENTRATOR_OFF, Kind.CONCENTRATOR_ON


class Profile(NamedTuple):
    """The spontaneous profile in the order of its object; `period` in minutes."""

    wake_up: bool
    address: str
    wake_up_port: int
    period: int
    last_gasp: bool
    meter_last_gasp: bool
    last_gasp_port: int

    def tells(self, kind: Kind) -> bool:
        """Whether last gasps of this kind are switched on."""
        return self.last_gasp if kind in _OF_CONCENTRATORS else self.meter_last_gasp


@lru_cache(maxsize=65_536)
def profile_of(held: str) -> Profile | None:
    """The profile a concentrator holds (hexadecimal A-XDR), None where it names no address."""
    if not held:
        return None
    parts = expect.structure(decode_all(bytes.fromhex(held)), "spontaneous profile", 7)
    wake_up, address, port, period, gasp, meter_gasp, gasp_port = parts
    host = IPv4Address(expect.octets(address, "address", 4))
    if host.is_unspecified:
        return None
    return Profile(
        expect.boolean(wake_up, "wake-up"),
        str(host),
        expect.integer(port, "wake-up port"),
        expect.integer(period, "period"),
        expect.boolean(gasp, "last gasp"),
        expect.boolean(meter_gasp, "last gasp of meters"),
        expect.integer(gasp_port, "last gasp port"),
    )


class Voice:
    """Speaks for a running field. `every`: seconds between two small outages, 0: none."""

    def __init__(self, field: RunningField, fleet: Fleet, sender: Sender, every: int = 0) -> None:
        self._field, self._fleet, self._sender, self._every = field, fleet, sender, every
        self._told_until = int(time.time())
        self._counted = itertools.count()
        self._pending: list[tuple[float, int, Gasp]] = []

    async def run(self) -> None:
        """Speak until cancelled."""
        while True:
            self.speak(time.time())
            await asyncio.sleep(TICK)

    def speak(self, now: float) -> None:
        """Say all that is due up to an instant (UTC epoch seconds)."""
        after = max(self._told_until, int(now) - MISSED)
        self._told_until = max(int(now), self._told_until)
        for storm in self._outages(after, self._told_until):
            self.strike(storm)
        for serial, held in list(self._field.holdings.concentrators.items()):
            self._wake_up(self._field.device(serial), held, after, self._told_until)
        while self._pending and self._pending[0][0] <= now:
            self._gasp(heapq.heappop(self._pending)[2])

    def strike(self, storm: Storm) -> None:
        """Cut the power of an area: its devices answer nobody until it is back, and tell of it."""
        for number in storm.area:
            _darken(self._device(number), storm)
        for gasp in storms.said(self._fleet, storm):
            heapq.heappush(self._pending, (gasp.at, next(self._counted), gasp))

    def _outages(self, after: int, until: int) -> list[Storm]:
        """The small ones that begin in (after, until]."""
        if not self._every:
            return []
        numbers = range(after // self._every, until // self._every + 1)
        found = (storms.invented(self._fleet, self._every, number) for number in numbers)
        return [storm for storm in found if after < storm.begin <= until]

    def _wake_up(self, device: Device, held: ConcentratorHolding, after: int, until: int) -> None:
        profile = profile_of(held.spontaneous)
        if profile is None or device.is_away():
            return
        for at in _wake_ups(device, held, profile, after, until):
            source = self._source(device)
            gasp = storms.wake_up(self._fleet, device.concentrator, source, at)
            self._sender.send(source, (profile.address, profile.wake_up_port), gasp.raw)

    def _gasp(self, gasp: Gasp) -> None:
        device = self._device(gasp.concentrator)
        held = self._field.holdings.concentrator(device.concentrator.serial)
        profile = profile_of(held.spontaneous)
        if profile is None or gasp.kind is None or not profile.tells(gasp.kind):
            return
        held.gasps += 1
        to = profile.address, profile.last_gasp_port
        self._sender.send(self._source(device), to, gasp.raw)

    def _device(self, number: int) -> Device:
        return self._field.device(self._fleet.concentrator(number).serial)

    def _source(self, device: Device) -> str:
        """The address that the head-end knows it by."""
        return self._field.endpoint(device.concentrator.serial)[0]


def _wake_ups(
    device: Device, held: ConcentratorHolding, profile: Profile, after: int, until: int
) -> Iterator[int]:
    """Now if command 10 asked for one (and counted it), and those of the period."""
    if held.is_woken:
        held.is_woken = False
        yield until
    if profile.wake_up and profile.period:
        for at in storms.wake_ups(device.concentrator, profile.period * 60, after, until):
            held.wake_ups += 1
            yield at


def _darken(device: Device, storm: Storm) -> None:
    """Away, by the monotonic clock, until power is back."""
    back = time.monotonic() + storm.end - time.time()
    hit = [meter.mac for meter in device.concentrator.meters if storm.hits(meter)]
    for mac in (*([NOBODY] if storm.is_dark else []), *hit):
        device.memory.away[mac] = max(back, device.memory.away.get(mac, 0.0))


@asynccontextmanager
async def speaking(field: RunningField, fleet: Fleet, every: int = 0) -> AsyncIterator[Voice]:
    """A voice for the time of the block."""
    sender = Sender()
    voice = Voice(field, fleet, sender, every)
    task = asyncio.create_task(voice.run())
    try:
        yield voice
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        sender.close()
