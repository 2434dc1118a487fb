"""A running field speaks by the profile of each concentrator, over real UDP."""

import socket
import time
from contextlib import asynccontextmanager

import pytest

from devices.protocol.axdr import U16, encode
from devices.protocol.spontaneous import Kind, Message, decode
from devices.simulator.datagrams import Sender
from devices.simulator.population import Fleet
from devices.simulator.server import running_field
from devices.simulator.speaking import Voice, profile_of
from devices.simulator.storms import Storm
from tests.devices.simulator.client import connected, management

FLEET = Fleet.generate(seed=4, concentrators=3, meters=4)
FIRST, SECOND = (FLEET.concentrator(number) for number in (0, 1))


@pytest.fixture
def ear():
    """Where the datagrams arrive."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(1)
        yield bound


def profile(ear, wake_up=True, period=60, gasp=True, meter_gasp=True, address="127.0.0.1") -> str:
    """As an order has written it."""
    port = U16(ear.getsockname()[1])
    raw = socket.inet_aton(address)
    return encode((wake_up, raw, port, U16(period), gasp, meter_gasp, port)).hex()


def heard(ear) -> list[tuple[Message, str]]:
    """Messages and the addresses they came from."""
    ear.setblocking(False)
    found = []
    while True:
        try:
            raw, (host, _) = ear.recvfrom(512)
        except BlockingIOError:
            return found
        found.append((decode(raw), host))


@asynccontextmanager
async def field(pattern="127.77.{a}.{b}", every=0):
    async with running_field(FLEET, pattern=pattern) as running:
        sender = Sender()
        try:
            yield running, Voice(running, FLEET, sender, every)
        finally:
            sender.close()


def kinds(ear) -> list[Kind]:
    return [message.kind for message, _ in heard(ear)]


async def test_a_concentrator_as_installed_is_silent(ear):
    async with field() as (running, voice):
        voice.strike(Storm(int(time.time()), 60, range(3), meters_share=1.0))
        voice.speak(time.time() + 7200)
        assert heard(ear) == []
        assert running.holdings.concentrator(FIRST.serial).wake_ups == 0


async def test_it_wakes_up_once_a_period_from_its_own_address(ear):
    async with field() as (running, voice):
        held = running.holdings.concentrator(FIRST.serial)
        held.spontaneous = profile(ear, period=10)
        now = time.time()
        for step in range(0, 3600, 30):
            voice.speak(now + step)
        found = heard(ear)
        assert len(found) in (5, 6)
        assert {(message.kind, message.serial, message.address, source)
                for message, source in found} == {
            (Kind.WAKE_UP, FIRST.spoken_serial, "127.77.0.1", "127.77.0.1")
        }  # fmt: skip
        assert held.wake_ups == len(found)


async def test_what_a_frozen_field_has_missed_is_not_made_up_for(ear):
    async with field() as (running, voice):
        running.holdings.concentrator(FIRST.serial).spontaneous = profile(ear, period=1)
        voice.speak(time.time() + 36_000)
        assert kinds(ear) == [Kind.WAKE_UP]


async def test_what_the_profile_switches_off_is_not_said(ear):
    async with field() as (running, voice):
        now = time.time()
        for number, flags in enumerate([(True, False), (False, True), (False, False)]):
            held = running.holdings.concentrator(FLEET.concentrator(number).serial)
            held.spontaneous = profile(ear, False, 60, *flags)
        voice.strike(Storm(int(now), 60, range(3), meters_share=1.0))
        voice.speak(now + 3600)
        said = [(message.serial, message.kind) for message, _ in heard(ear)]
    assert sorted(said) == sorted(
        [(FIRST.spoken_serial, kind) for kind in (Kind.CONCENTRATOR_OFF, Kind.CONCENTRATOR_ON)]
        + [(SECOND.spoken_serial, kind) for kind in (Kind.METER_LOST, Kind.METER_BACK)] * 4
    )


async def test_what_is_said_of_a_cut_comes_in_time_and_in_order(ear):
    async with field() as (running, voice):
        running.holdings.concentrator(FIRST.serial).spontaneous = profile(ear, False)
        begin = int(time.time())
        voice.strike(Storm(begin, 60, range(1)))
        voice.speak(begin + 4.9)
        assert kinds(ear) == []
        voice.speak(begin + 7)
        assert kinds(ear) == [Kind.CONCENTRATOR_OFF]
        voice.speak(begin + 198)
        assert kinds(ear) == []
        voice.speak(begin + 202)
        assert kinds(ear) == [Kind.CONCENTRATOR_ON]
        assert running.holdings.concentrator(FIRST.serial).gasps == 2


async def test_a_dark_concentrator_answers_nobody_and_does_not_wake_up(ear):
    async with field() as (running, voice):
        held = running.holdings.concentrator(FIRST.serial)
        held.spontaneous = profile(ear, period=1, gasp=False)
        voice.strike(Storm(int(time.time()), 3600, range(1)))
        voice.speak(time.time() + 600)
        assert kinds(ear) == []
        async with connected(running.endpoint(FIRST.serial), management(FIRST.keys)) as asker:
            with pytest.raises(ConnectionResetError):
                await asker.associate()


async def test_meters_behind_a_cut_line_are_away_and_their_concentrator_is_not(ear):
    async with field() as (running, voice):
        device = running.device(FIRST.serial)
        voice.strike(Storm(int(time.time()), 60, range(1), is_dark=False, meters_share=1.0))
        assert not device.is_away()
        assert all(device.reached(meter.mac) is None for meter in FIRST.meters)
        voice.strike(Storm(int(time.time()) - 100, 50, range(1, 2), meters_share=1.0))
        assert not running.device(SECOND.serial).is_away()


async def test_small_outages_come_by_themselves(ear):
    async with field(every=600) as (running, voice):
        for each in FLEET.concentrators:
            running.holdings.concentrator(each.serial).spontaneous = profile(ear, False)
        now = time.time()
        for step in range(0, 6000, 10):
            voice.speak(now + step)
        said = kinds(ear)
    assert {Kind.CONCENTRATOR_OFF, Kind.CONCENTRATOR_ON} <= set(said)
    assert 4 <= said.count(Kind.CONCENTRATOR_OFF) <= 11


async def test_a_wake_up_that_was_asked_for_leaves_once(ear):
    async with field() as (running, voice):
        held = running.holdings.concentrator(FIRST.serial)
        held.spontaneous = profile(ear, wake_up=False)
        held.is_woken = True
        voice.speak(time.time() + 1)
        voice.speak(time.time() + 2)
        assert kinds(ear) == [Kind.WAKE_UP]
        assert held.wake_ups == 0, "command 10 has counted it"


async def test_a_datagram_that_no_network_takes_is_lost():
    sender = Sender()
    try:
        sender.send("127.0.0.1", ("255.255.255.255", 9), b"x")
        assert sender.sent == 0
    finally:
        sender.close()


def test_a_profile_without_an_address_is_none(ear):
    assert profile_of("") is None
    assert profile_of(profile(ear, address="0.0.0.0")) is None  # noqa: S104
    assert profile_of(profile(ear)).address == "127.0.0.1"
