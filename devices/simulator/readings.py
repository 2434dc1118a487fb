"""Energies as a pure function of (seed, serial, channel, instant), registers as their exact sums.

A day is cut into six blocks of four hours; block t is tariff t. What a block's register has reached
at the start of day d is a closed form, so a register of any instant costs one day:

    R(t, d) = rate * (weighted days since 2020) + jitter(t, d),   0 <= jitter < rate / 2

The difference of two days is the block's energy; it is spread over its 16 quarters by a daily shape
and the day's own noise, without a rounding loss. So quarters, hours, tariffs and totals agree to
the watt-hour. Days and tariffs follow the sun (Chilean standard time all year), not the wall clock:
load and injection do not know daylight saving.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import shake_128
from itertools import accumulate
from operator import mul, sub

from devices.simulator import chance, nameplate

QUARTER, HOUR, DAY = 900, 3600, 86_400
CHANNELS = 6  # order of hes.domain.energies: 02, 04, 08, 10, 20, 40
TARIFFS = 6
BLOCK = 16  # quarters of one tariff block
NO_ENERGY = (0,) * 96

_SOLAR_OFFSET = -4 * HOUR
_FIRST_DAY = 18_262  # 2020-01-01, all registers 0
_WEEK = (20, 20, 20, 23, 24, 20, 20)  # twentieths of a weekday; 2020-01-01 was a Wednesday
_WEEK_SUMS = (0, *accumulate(_WEEK))

Registers = tuple[int, ...]  # six


@dataclass(frozen=True, slots=True)
class Curve:
    """One energy of one meter: `rates` per block and weekday (Wh or varh), shape per quarter."""

    key: bytes
    rates: Registers
    shape: tuple[int, ...]


_CONSUMPTION_SHAPE = tuple(
    level
    for level in (6, 5, 5, 5, 6, 9, 14, 16, 13, 12, 12, 13, 15, 14, 12, 11, 12, 14, 19, 24, 26, 24,
                  17, 10)  # per solar hour
    for _ in range(4)
)  # fmt: skip
_INJECTION_SHAPE = tuple(max(0, 16 * 16 - (quarter - 47) ** 2) for quarter in range(96))


@lru_cache(maxsize=65_536)
def curve(seed: int, serial: str, channel: int) -> Curve:
    """How the meter uses (channels 0, 1, 4, 5) or injects (2, 3) energy; reverse curves of meters
    that are not bidirectional stay at 0."""
    reverse = channel in (2, 3)
    shape = _INJECTION_SHAPE if reverse else _CONSUMPTION_SHAPE
    daily = _daily_energy(seed, serial, channel)
    rates = tuple(
        daily * sum(shape[block * BLOCK : (block + 1) * BLOCK]) // sum(shape)
        for block in range(TARIFFS)
    )
    return Curve(chance.octets(16, seed, "curve", serial, channel), rates, shape)


def _daily_energy(seed: int, serial: str, channel: int) -> int:
    """Watt-hours (or varh) of an ordinary weekday."""
    if channel in (2, 3) and not nameplate.is_bidirectional(serial):
        return 0
    share = (1000, 300, 900, 90, 60, 20)[channel]  # thousandths of the house's own consumption
    house = 4_000 + chance.whole(seed, "house", serial, below=10_000)
    size = {nameplate.MONO: 1, nameplate.POLY: 3, nameplate.SEMI_DIRECT: 20}
    return house * size[serial[: nameplate.SIZE]] * share // 1000


def load_profile(seed: int, serial: str, channel: int, end: int, minutes: int = 15) -> int:
    """Energy of the interval of 15 or 60 `minutes` that ends at `end` (UTC epoch seconds), Wh or
    varh."""
    return profile(seed, serial, channel, end, 1, minutes)[0]


def profile(
    seed: int, serial: str, channel: int, first_end: int, count: int, minutes: int = 15
) -> tuple[int, ...]:
    """Energies of `count` consecutive intervals, the first of which ends at `first_end`."""
    begin = first_end - minutes * 60 + _SOLAR_OFFSET
    first, quarters = begin // QUARTER, count * minutes // 15
    of = curve(seed, serial, channel)
    values: list[int] = []
    for number in range(first // 96, (first + quarters - 1) // 96 + 1):
        values += day(of, number)
    values = values[first % 96 : first % 96 + quarters]
    if minutes == 60:
        return tuple(map(sum, zip(*(values[part::4] for part in range(4)), strict=True)))
    return tuple(values)


def registers(seed: int, serial: str, channel: int, at: int) -> Registers:
    """The six tariff registers at the last quarter hour up to `at`; their sum is the total."""
    number, quarter = divmod((at + _SOLAR_OFFSET) // QUARTER, 96)
    of = curve(seed, serial, channel)
    now, then = _blocks(of, number), _blocks(of, number + 1)
    block = quarter // BLOCK
    used = sum(day(of, number)[block * BLOCK : quarter])
    return (*then[:block], now[block] + used, *now[block + 1 :])


def register(seed: int, serial: str, channel: int, tariff: int, at: int) -> int:
    """Register of tariff 1 to 6, or the total for 0."""
    tariffs = registers(seed, serial, channel, at)
    return tariffs[tariff - 1] if tariff else sum(tariffs)


def tariff_at(end: int) -> int:
    """The tariff, 1 to 6, of the quarter hour that ends at `end`."""
    return (end - QUARTER + _SOLAR_OFFSET) // QUARTER % 96 // BLOCK + 1


@lru_cache(maxsize=16_384)
def day(of: Curve, number: int) -> tuple[int, ...]:
    """The 96 quarters of solar day `number` (days since 1970)."""
    if not any(of.rates):
        return NO_ENERGY
    totals = map(sub, _blocks(of, number + 1), _blocks(of, number))
    weights = list(map(mul, of.shape, _noise(of, number)))
    values: list[int] = []
    for block, total in enumerate(totals):
        values += _spread(total, weights[block * BLOCK : (block + 1) * BLOCK])
    return tuple(values)


def _spread(total: int, weights: list[int]) -> list[int]:
    """Whole parts of `total` in proportion to the weights; they add up to it."""
    steps = list(accumulate(weights))
    whole = steps[-1] or 1
    marks = [total * step // whole for step in steps]
    return [marks[0], *map(sub, marks[1:], marks)]


def _noise(of: Curve, number: int) -> list[int]:
    return [64 + octet for octet in _octets(of, number)[TARIFFS:]]


def _blocks(of: Curve, number: int) -> tuple[int, ...]:
    """The block registers at the start of solar day `number`."""
    weeks, rest = divmod(number - _FIRST_DAY, 7)
    weighted = weeks * _WEEK_SUMS[7] + _WEEK_SUMS[rest]
    jitter = _octets(of, number) if number > _FIRST_DAY else bytes(TARIFFS)
    return tuple(
        rate * weighted // 20 + rate * octet // 512
        for rate, octet in zip(of.rates, jitter, strict=False)
    )


@lru_cache(maxsize=16_384)
def _octets(of: Curve, number: int) -> bytes:
    return shake_128(of.key + number.to_bytes(4, "big")).digest(TARIFFS + 96)
