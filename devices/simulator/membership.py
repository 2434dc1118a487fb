"""Which meters a concentrator serves: seen, entered, recruited, released (companion profile 3.4).

Pure: a meter's standing follows from what orders did (holdings) and the time. Recruitment takes one
to three of the shortest cycles and fails for some meters, by seed; another attempt draws again.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from devices.simulator import chance
from devices.simulator.cycles import Rounds
from devices.simulator.entries import Measured, MeterEntry
from devices.simulator.holdings import ConcentratorHolding, EntryLine, Recruitment
from devices.simulator.plc import PowerLine
from devices.simulator.population import Concentrator, Meter

SEEN, ENTERED, RECRUITING, COMMISSIONED = 0, 1, 2, 3  # node states of T8
SHORTEST_CYCLE = 7  # the table whose rounds recruitment goes by
CYCLES_AT_MOST = 3
CHANNELS = 6
WRONG_KEY = 145  # of our own range of acknowledgements


@dataclass(frozen=True, slots=True)
class Standing:
    """A meter at its concentrator: state of T8, row and phase as entered (row 0: no entry), and
    since when it is served (UTC epoch seconds)."""

    state: int
    row: int
    phase: int
    since: int = 0

    @property
    def is_entered(self) -> bool:
        """Whether T10 has a row of it."""
        return self.row > 0

    @property
    def is_served(self) -> bool:
        """Whether cycles ask it."""
        return self.state == COMMISSIONED


def _standing(held: ConcentratorHolding, meter: Meter, now: int, *, is_new: bool) -> Standing:
    name = meter.mac.hex()
    line = held.entries.get(name)
    if line is not None:
        row, phase = line.row, line.phase
    elif is_new or name in held.entries:
        return Standing(SEEN, 0, meter.phase)
    else:
        row, phase = meter.row, meter.phase
    state, since = _progress(held, name, now, is_new=is_new)
    return Standing(state, row, phase, since)


def _progress(held: ConcentratorHolding, name: str, now: int, *, is_new: bool) -> tuple[int, int]:
    """State of a meter with an entry, and since when it is served."""
    if name in held.released:
        return SEEN, 0
    recruitment = held.recruits.get(name)
    if recruitment is None:
        return (ENTERED if is_new else COMMISSIONED), 0
    if now < recruitment.ends:
        return RECRUITING, 0
    return (ENTERED, 0) if recruitment.code else (COMMISSIONED, recruitment.ends)


@dataclass(frozen=True, slots=True)
class Recruiter:
    """How recruitment goes in a field; `failing` is the share of attempts that fail, `opens` tells
    whether the concentrator was given the keys of a meter."""

    rounds: Rounds
    power_line: PowerLine
    failing: float
    opens: Callable[[Meter], bool]

    def begin(self, meter: Meter, attempt: int, now: float) -> Recruitment:
        """When an attempt (from 1) that begins now ends, and how."""
        name = meter.serial, attempt
        cycles = 1 + chance.whole(self.rounds.seed, "recruit", *name, below=CYCLES_AT_MOST)
        last = self.rounds.finished(SHORTEST_CYCLE, now) + cycles
        is_lost = self.rounds.is_silent(meter.serial)
        drawn = chance.fraction(self.rounds.seed, "not recruited", *name)
        code = self.power_line.failure(meter) if is_lost or drawn < self.failing else 0
        code = code if self.opens(meter) else WRONG_KEY
        return Recruitment(attempt, self.rounds.end(SHORTEST_CYCLE, last), code)


@dataclass(frozen=True, slots=True)
class Members:
    """The meters on one concentrator's power line, and what orders made of them."""

    concentrator: Concentrator
    held: ConcentratorHolding
    recruiter: Recruiter

    def known(self, mac: bytes) -> Meter | None:
        """The meter with a MAC address."""
        return self.concentrator.meter(mac)

    def standing(self, meter: Meter, now: int) -> Standing:
        """How one of them stands."""
        is_new = meter.row > self.concentrator.size
        return _standing(self.held, meter, now, is_new=is_new)

    def touched(self, now: int) -> Iterator[tuple[Meter, Standing]]:
        """Those that are not just as ever: new ones, and whom an order entered or released."""
        held = self.held
        names = {*held.entries, *held.recruits, *held.released}
        for meter in self.concentrator.meters if names else ():
            if meter.mac.hex() in names:
                yield meter, self.standing(meter, now)
        for meter in self.concentrator.new_meters:
            yield meter, self.standing(meter, now)

    def entries(self, meters: Iterable[Meter]) -> dict[str, MeterEntry]:
        """What is collected of those whose entry was written, by serial."""
        written = ((meter.serial, self.held.entries.get(meter.mac.hex())) for meter in meters)
        return {serial: _collected(line) for serial, line in written if line is not None}

    def recruit(self, meter: Meter, now: float) -> Recruitment:
        """A new attempt."""
        name = meter.mac.hex()
        before = self.held.recruits.get(name)
        attempt = before.attempt + 1 if before else 1
        begun = self.held.recruits[name] = self.recruiter.begin(meter, attempt, now)
        self.held.released = [other for other in self.held.released if other != name]
        return begun


def _collected(line: EntryLine) -> MeterEntry:
    """A written entry as what is collected."""
    return MeterEntry(
        closure=_channels(line.closure),
        profile=_channels(line.profile),
        period=line.period,
        measurands=tuple(Measured(*each) for each in line.measurands),
        flags=line.flags,
    )


def _channels(mask: int) -> tuple[int, ...]:
    return tuple(channel for channel in range(CHANNELS) if mask >> channel & 1)
