"""Storms: what a cut of power makes the field say, when it leaves, and what the road does to it.

Pure in (seed, storm). OFF arrives 5 s and ON 139 s after its own stamp, as printed in 002; that a
storm's datagrams spread over two more seconds, and what the road does, is *assumed*. A concentrator
that goes dark tells of itself; of its meters only where it has the time (`meters_share`).
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache

from devices.protocol.spontaneous import Kind, Message, encode
from devices.simulator import chance
from devices.simulator.local import LocalClock
from devices.simulator.population import Concentrator, Fleet, Meter
from devices.simulator.templates import PER_SUBSTATION

OFF_DELAY, ON_DELAY = 5.0, 139.0  # seconds from stamp to receipt (002)
SPREAD = 2.0
SUBSTATIONS_PER_REGION = 25
PER_REGION = PER_SUBSTATION * SUBSTATIONS_PER_REGION
SAID_AT_MOST = 2_000_000
_COPIED, _LATE, _REPLAYED = 30.0, 300.0, 3600.0  # seconds: until a copy, at most late, until again
_LONGEST_GARBAGE = 64
_AREAS = {"TR": 1, "SE": PER_SUBSTATION, "RG": PER_REGION}  # concentrators of each


class Fate(Enum):
    """What a datagram is to who receives it."""

    FIRST = "first"
    COPY = "copy"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True)
class Gasp:
    """One datagram of concentrator number `concentrator` that leaves at `at` (UTC epoch seconds).

    `kind` is what it says, None for garbage.
    """

    at: float
    concentrator: int
    kind: Kind | None
    raw: bytes
    fate: Fate = Fate.FIRST


@dataclass(frozen=True, slots=True)
class Road:
    """What the mobile network does: shares of all datagrams, each drawn for itself.

    `losses` never arrive; `copies` arrive again within 30 s, `replays` after an hour; `late` ones
    arrive up to 5 min later, behind younger ones; beside `garbage` bytes arrive that say nothing.
    """

    losses: float = 0.0
    copies: float = 0.0
    replays: float = 0.0
    late: float = 0.0
    garbage: float = 0.0


CLEAR = Road()


@dataclass(frozen=True, slots=True)
class Storm:
    """Power is away from `begin` (UTC epoch seconds) for `lasts` seconds.

    `area` are concentrator numbers. Not `is_dark`: they live on, and power is away behind them, at
    `meters_share` of their meters.
    """

    begin: int
    lasts: int
    area: range
    is_dark: bool = True
    meters_share: float = 0.0

    @property
    def end(self) -> int:
        """When power is back."""
        return self.begin + self.lasts

    def hits(self, meter: Meter) -> bool:
        """Whether the concentrator tells of this meter."""
        return _falls(self.meters_share, meter.seed, "hit", meter.serial, self.begin)


def area(fleet: Fleet, name: str) -> range:
    """Concentrators by the name of a transformer (TR-00001), a substation (SE-0001), or a region
    (RG-01: 25 substations, of storms only). ValueError where the fleet has none of that name."""
    kind, _, digits = name.partition("-")
    size = _AREAS.get(kind, 0)
    begin = (int(digits) - 1) * size if digits.isdecimal() else -1
    if not size or not 0 <= begin < fleet.size:
        raise ValueError(f"{name!r}: give TR-00001, SE-0001 or RG-01, as far as the fleet has them")
    return range(begin, min(begin + size, fleet.size))


def said(fleet: Fleet, storm: Storm, road: Road = CLEAR) -> list[Gasp]:
    """All datagrams of a storm in the order in which they leave; ValueError beyond two million."""
    most = 2 * len(storm.area) * (storm.is_dark + (fleet.meters_each if storm.meters_share else 0))
    if most > SAID_AT_MOST:
        raise ValueError(f"a storm of {most} datagrams: choose a smaller area or fewer meters")
    gasps = (
        gasp
        for number in storm.area
        for truth in _of_concentrator(fleet, fleet.concentrator(number), storm)
        for gasp in _on_the_road(truth, fleet.seed, road)
    )
    return sorted(gasps, key=lambda gasp: gasp.at)


def wake_up(fleet: Fleet, of: Concentrator, address: str, at: int) -> Gasp:
    """The wake-up that a concentrator sends at an instant; `address` is its own."""
    local = _local(fleet, at)
    message = Message(Kind.WAKE_UP, of.spoken_serial, local, address=address, sequence=at % 65_536)
    return Gasp(at, of.number, Kind.WAKE_UP, encode(message))


def wake_ups(of: Concentrator, period: int, after: int, until: int) -> Iterator[int]:
    """Instants in (after, until] at which it wakes up: every `period` seconds, each concentrator
    at a moment of its own."""
    offset = chance.whole(of.seed, "wake-up", of.serial, below=period)
    first = (after - offset) // period + 1
    return itertools.takewhile(
        lambda at: at <= until, (number * period + offset for number in itertools.count(first))
    )


def invented(fleet: Fleet, every: int, number: int) -> Storm:
    """The small outage number `number` of a field that has one every `every` seconds: one
    transformer, or an LV line behind it; a third of them are over within 40 s."""
    draw = fleet.seed, "outage", number
    place = chance.whole(*draw, "place", below=fleet.size)
    begin = number * every + chance.whole(*draw, "begin", below=max(1, every // 4))
    is_momentary = chance.whole(*draw, "momentary", below=3) == 0
    lasts = 10 + chance.whole(*draw, "short", below=30) if is_momentary else max(90, every // 3)
    is_dark = chance.whole(*draw, "dark", below=3) > 0
    return Storm(begin, lasts, range(place, place + 1), is_dark, 0.0 if is_dark else 0.8)


def _of_concentrator(fleet: Fleet, of: Concentrator, storm: Storm) -> Iterator[Gasp]:
    if storm.is_dark:
        yield _gasp(fleet, of, Kind.CONCENTRATOR_OFF, storm.begin)
        yield _gasp(fleet, of, Kind.CONCENTRATOR_ON, storm.end)
    if not storm.meters_share:
        return
    for meter in filter(storm.hits, of.meters):
        yield _gasp(fleet, of, Kind.METER_LOST, storm.begin, meter.mac)
        yield _gasp(fleet, of, Kind.METER_BACK, storm.end, meter.mac)


def _gasp(fleet: Fleet, of: Concentrator, kind: Kind, at: int, mac: bytes = b"") -> Gasp:
    """What is said of an instant, and when it leaves."""
    delay = OFF_DELAY if kind in (Kind.CONCENTRATOR_OFF, Kind.METER_LOST) else ON_DELAY
    name = fleet.seed, "gasp", of.serial, mac, kind, at
    sequence = chance.whole(*name, "sequence", below=65_536)
    message = Message(kind, of.spoken_serial, _local(fleet, at), mac, sequence=sequence)
    leaves = at + delay + SPREAD * chance.fraction(*name)
    return Gasp(leaves, of.number, kind, encode(message))


def _on_the_road(gasp: Gasp, seed: int, road: Road) -> Iterator[Gasp]:
    """What arrives of one datagram."""
    name = seed, "road", gasp.concentrator, gasp.raw.hex()
    if _falls(road.losses, *name, "lost"):
        return
    if _falls(road.late, *name, "late"):
        gasp = replace(gasp, at=gasp.at + _LATE * chance.fraction(*name, "how late"))
    yield gasp
    if _falls(road.copies, *name, "copied"):
        again = gasp.at + _COPIED * chance.fraction(*name, "how soon")
        yield replace(gasp, at=again, fate=Fate.COPY)
    if _falls(road.replays, *name, "replayed"):
        yield replace(gasp, at=gasp.at + _REPLAYED, fate=Fate.COPY)
    if _falls(road.garbage, *name, "garbage"):
        size = 1 + chance.whole(*name, "size", below=_LONGEST_GARBAGE)
        raw = chance.octets(size, *name, "bytes")
        yield Gasp(gasp.at, gasp.concentrator, None, raw, Fate.GARBAGE)


def _falls(share: float, seed: int, *name: object) -> bool:
    """Whether the draw of that name falls into a share; nothing is drawn for an empty one."""
    return share > 0 and chance.fraction(seed, *name) < share


@lru_cache(maxsize=64)
def _clock(fleet: Fleet) -> LocalClock:
    return LocalClock(fleet.zone)


def _local(fleet: Fleet, at: int) -> int:
    """Seconds from 1970 in the field's local time."""
    return at - _clock(fleet).deviation(at) * 60
