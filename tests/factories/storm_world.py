"""A network in memory that the rules judge second by second: storms without I/O, from a seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from listeners.outages.endings import Tally, is_over
from listeners.outages.facts import (
    Facts,
    Interruption,
    Level,
    Network,
    Node,
    OpenOutage,
    Rules,
    site_of,
)
from listeners.outages.rollup import judge

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
TRANSFORMERS_OF_SUBSTATION, METERS_OF_TRANSFORMER = 4, 10


@dataclass
class Kept:
    """An outage as a store keeps it."""

    pk: int
    node: Node
    place: tuple[int | None, int | None, int | None]  # transformer, concentrator, substation
    since: datetime
    members: set[int]
    state: str = "open"
    until: datetime | None = None


@dataclass
class StormWorld:
    """Meters, transformers with a concentrator each, substations; and what the rules made of it."""

    substations: int
    rules: Rules = field(default_factory=Rules)
    interruptions: dict[int, Interruption] = field(default_factory=dict)
    of: dict[int, int] = field(default_factory=dict)  # interruption -> outage
    momentary: set[int] = field(default_factory=set)
    outages: dict[int, Kept] = field(default_factory=dict)

    @property
    def transformers(self) -> range:
        return range(self.substations * TRANSFORMERS_OF_SUBSTATION)

    @property
    def network(self) -> Network:
        nodes = [Node(Level.TRANSFORMER, number) for number in self.transformers]
        return Network(
            dict.fromkeys(nodes, METERS_OF_TRANSFORMER),
            dict.fromkeys(nodes, 1),
            dict.fromkeys(range(self.substations), TRANSFORMERS_OF_SUBSTATION),
        )

    # --- what happens -------------------------------------------------------------------------

    def meters_of(self, transformer: int) -> range:
        first = transformer * METERS_OF_TRANSFORMER
        return range(first, first + METERS_OF_TRANSFORMER)

    def lose(self, meter: int, at: datetime) -> None:
        if self._lasting(meter) is None:
            pk, transformer = len(self.interruptions) + 1, meter // METERS_OF_TRANSFORMER
            place = (transformer, transformer, transformer // TRANSFORMERS_OF_SUBSTATION)
            self.interruptions[pk] = Interruption(pk, meter, *place, at)

    def restore(self, meter: int, at: datetime) -> None:
        if lasting := self._lasting(meter):
            self.interruptions[lasting.id] = lasting._replace(ended=at)

    def _lasting(self, meter: int) -> Interruption | None:
        return next(
            (i for i in self.interruptions.values() if i.meter == meter and not i.ended), None
        )

    # --- what the rules say -------------------------------------------------------------------

    def look(self, now: datetime) -> None:
        """Judge until nothing is left to do, as the store does."""
        while self._look(now):
            pass

    def _look(self, now: datetime) -> int:
        waiting = [
            each
            for each in self.interruptions.values()
            if each.id not in self.of and each.id not in self.momentary
        ]
        found = judge(Facts(waiting, list(self._open()), self.network), self.rules, now)
        self.momentary.update(found.momentary)
        for one in found.openings:
            pk = len(self.outages) + 1
            place = (one.transformer, one.concentrator, one.substation)
            assert all(o.node != one.node for o in self.outages.values() if o.state == "open")
            self.outages[pk] = Kept(pk, one.node, place, one.since, set())
            self._take(pk, one.members, one.merges)
        for one in found.joinings:
            self._take(one.outage, one.members, one.merges)
        return found.size + self._close()

    def _take(self, pk: int, members: tuple[int, ...], merges: tuple[int, ...]) -> None:
        for merged in merges:
            part = self.outages[merged]
            assert part.state == "open"
            part.state = "merged"
            members = (*members, *part.members)
        for member in members:
            self.of[member] = pk
        self.outages[pk].members.update(members)

    def _open(self) -> Iterator[OpenOutage]:
        for kept in self.outages.values():
            dark = self._dark(kept)
            if kept.state == "open":
                sites = {site_of(each) for each in dark}
                is_wide = kept.node.level is Level.SUBSTATION
                yield OpenOutage(
                    kept.pk, kept.node, *kept.place, kept.since, len(dark), 0,
                    frozenset(sites if is_wide else ()),
                )  # fmt: skip

    def _dark(self, kept: Kept) -> list[Interruption]:
        members = (self.interruptions[pk] for pk in kept.members)
        return [each for each in members if each.ended is None]

    def _close(self) -> int:
        closed = 0
        for kept in self.outages.values():
            dark = self._dark(kept)
            tally = Tally(kept.node.level, len(kept.members), len(dark), 0)
            if kept.state == "open" and is_over(tally, self.rules):
                kept.state, closed = "closed", closed + 1
                kept.until = max(self.interruptions[pk].ended or kept.since for pk in kept.members)
                for left in dark:
                    kept.members.discard(left.id)
                    del self.of[left.id]
        return closed


@dataclass
class Drawn:
    """One storm: which transformers lose their power when and for how long, and single meters."""

    lost: dict[int, tuple[float, float]]  # transformer -> begin, end
    blinks: dict[int, tuple[float, float]]  # transformers that are back within the filter
    single: dict[int, tuple[float, float]]  # meters of other transformers


def draw(seed: int, world: StormWorld) -> Drawn:
    chance = random.Random(seed)  # noqa: S311 - a course
    numbers = list(world.transformers)
    chance.shuffle(numbers)
    third = max(1, len(numbers) // 3)
    lost, blinks, others = numbers[:third], numbers[third : third + 2], numbers[third + 2 :]
    return Drawn(
        {n: _span(chance, 300, 3000) for n in lost},
        {n: _span(chance, 5, 50) for n in blinks},
        {world.meters_of(n)[chance.randrange(10)]: _span(chance, 300, 3000) for n in others[:4]},
    )


def _span(chance: random.Random, shortest: float, longest: float) -> tuple[float, float]:
    begin = chance.uniform(0, 30)
    return begin, begin + chance.uniform(shortest, longest)


def played(drawn: Drawn, world: StormWorld, seed: int) -> list[tuple[float, int, bool, float]]:
    """(heard at, meter, is dark, stamped at): gasps after 5 s, returns after 139 s, some shuffled.

    The delays are those of 002; what is late is late by up to 10 s more.
    """
    chance = random.Random(seed + 1)  # noqa: S311 - a course
    spans = {meter: span for n, span in (drawn.lost | drawn.blinks).items()
             for meter in world.meters_of(n)} | drawn.single  # fmt: skip
    heard = []
    for meter, (begin, end) in spans.items():
        gasp = begin + 5 + chance.uniform(0, 10)
        heard += [(gasp, meter, True, begin), (max(end + 139, gasp) + 1, meter, False, end)]
    return sorted(heard)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)
