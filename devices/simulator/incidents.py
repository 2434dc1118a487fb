"""What befalls a meter now and then: alarms, interruptions, bad voltage, prepaid credit.

All pure in (seed, serial, day or week). Shares are ours: rare enough to look like a healthy field,
frequent enough that every road is walked by a fleet of some hundred meters within a day.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from devices.simulator import chance, nameplate, readings

DAY, WEEK = 86_400, 604_800
SAMPLES_PER_WEEK = 1008  # one every ten minutes
_ALARMS = (0, 1, 5, 7, 16, 18, 19)  # PUP ORD WDOG CAPE KP_ON BAT_LOW TC_REM
_ALARM_SHARE, _INTERRUPTION_SHARE, _EVENT_SHARE, _PREPAID_SHARE = 0.04, 0.02, 0.02, 0.1
_CHARGE = 50_000  # Wh bought at once


def alarm_word(seed: int, serial: str, at: int) -> int:
    """The meter's alarm word: nearly always 0, on some days one bit."""
    day = at // DAY
    if chance.fraction(seed, "alarm", serial, day) >= _ALARM_SHARE:
        return 0
    return 1 << _ALARMS[chance.whole(seed, "alarm bit", serial, day, below=len(_ALARMS))]


@dataclass(frozen=True, slots=True)
class Interruption:
    """Voltage was away for `duration` seconds on `phase` (1 to 3) and came back at `end`."""

    end: int
    phase: int
    duration: int


def interruptions(seed: int, serial: str, after: int, until: int) -> Iterator[Interruption]:
    """Interruptions that ended in (after, until]; at most one a day."""
    for at, day in _moments(seed, serial, "interruption", _INTERRUPTION_SHARE, after, until):
        phases = 3 if nameplate.is_poly(serial) else 1
        phase = 1 + chance.whole(seed, "interrupted phase", serial, day, below=phases)
        length = 5 + chance.whole(seed, "interruption length", serial, day, below=1800)
        yield Interruption(at, phase, length)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of the meter's event log (code numbers of the simulator, *assumed*)."""

    at: int
    code: int
    data: int


def log_entries(seed: int, serial: str, after: int, until: int) -> Iterator[LogEntry]:
    """Entries of the event log in (after, until]; at most one a day."""
    for at, day in _moments(seed, serial, "event", _EVENT_SHARE, after, until):
        yield LogEntry(at, 1 + chance.whole(seed, "event code", serial, day, below=20), day)


def _moments(
    seed: int, serial: str, name: str, share: float, after: int, until: int
) -> Iterator[tuple[int, int]]:
    for day in range(after // DAY, until // DAY + 1):
        if chance.fraction(seed, name, serial, day) < share:
            at = day * DAY + chance.whole(seed, name, "second", serial, day, below=DAY)
            if after < at <= until:
                yield at, day


@dataclass(frozen=True, slots=True)
class VoltageWeek:
    """A week of voltage quality: extremes in 0.1 V, ten-minute samples out of and within limits."""

    minimum: int
    maximum: int
    samples_ko: int
    samples_ok: int


def voltage_week(seed: int, serial: str, end: int) -> VoltageWeek:
    """Quality of the week that ends at `end`."""
    name = (seed, "week", serial, end // WEEK)
    bad = max(0, chance.whole(*name, "bad", below=40) - 30)
    return VoltageWeek(
        2200 - 60 - chance.whole(*name, "low", below=100) - 20 * bad,
        2200 + 60 + chance.whole(*name, "high", below=60),
        bad,
        SAMPLES_PER_WEEK - bad,
    )


@dataclass(frozen=True, slots=True)
class InterruptionTotals:
    """Counters of one phase and period (names as printed in 001, units *assumed*)."""

    nshv: int
    nav: int
    nlov: int
    tshv: int


def interruption_totals(seed: int, serial: str, phase: int, month: int) -> InterruptionTotals:
    """Counters of `phase` in the month with number `month`."""
    long, short, voids, seconds = chance.octets(4, seed, "month", serial, phase, month)
    return InterruptionTotals(short // 64, voids // 128, long // 100, seconds // 100 * 600)


@dataclass(frozen=True, slots=True)
class Credit:
    """Prepaid energy in Wh and how many charges it took."""

    available: int
    transactions: int


def credit(seed: int, serial: str, at: int) -> Credit | None:
    """The prepaid account, None for a meter that is not prepaid: bought whenever it is used up."""
    if chance.fraction(seed, "prepaid", serial) >= _PREPAID_SHARE:
        return None
    used = readings.register(seed, serial, 0, 0, at)
    return Credit(_CHARGE - used % _CHARGE, used // _CHARGE + 1)
