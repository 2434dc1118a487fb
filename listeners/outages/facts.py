"""What the rules look at: interruptions, the outages that are open, the network, the settings."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """Where an outage lies. Values are stored."""

    METER = "meter"
    CONCENTRATOR = "concentrator"
    TRANSFORMER = "transformer"
    SUBSTATION = "substation"


class Node(NamedTuple):
    """A place of the network that can be without power."""

    level: Level
    id: int


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings of a company, named as in `hes.domain.parameters`; shares are percent.

    `is_storm`: details wait until the storm is over.
    """

    momentary: timedelta = timedelta(seconds=60)
    return_delay: timedelta = timedelta(seconds=150)
    window: timedelta = timedelta(seconds=300)
    share: int = 50
    close_share: int = 10
    suspect_share: int = 20
    transformers: int = 2
    substation_share: int = 50
    details_after: timedelta = timedelta(seconds=60)
    is_storm: bool = False


class Interruption(NamedTuple):
    """A meter without power, or the concentrator itself where `meter` is None."""

    id: int
    meter: int | None
    concentrator: int | None
    transformer: int | None
    substation: int | None
    began: datetime
    ended: datetime | None = None

    def outlasts(self, span: timedelta, rules: Rules, now: datetime) -> bool:
        """Whether it surely lasts longer than `span`.

        Of what seems to last nobody knows before a return of power would have been heard.
        """
        if self.ended is not None:
            return self.ended - self.began >= span
        return now - self.began >= span + rules.return_delay


class OpenOutage(NamedTuple):
    """An outage as it stands: `meters` and `concentrators` of it are without power now.

    `sites` are those it reaches, of a substation's outage.
    """

    id: int
    node: Node
    transformer: int | None
    concentrator: int | None
    substation: int | None
    since: datetime
    meters: int = 1
    concentrators: int = 0
    sites: frozenset[Node] = frozenset()


@dataclass(frozen=True, slots=True)
class Network:
    """How many meters and concentrators a node has, and how many sites a substation."""

    meters: Mapping[Node, int]
    concentrators: Mapping[Node, int]
    sites: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Facts:
    """One company: interruptions that no outage explains yet, open outages, the network."""

    waiting: Collection[Interruption]
    outages: Collection[OpenOutage]
    network: Network


def site_of(place: Interruption | OpenOutage) -> Node | None:
    """What stands for a transformer: the transformer, or a concentrator of which none is known."""
    if place.transformer is not None:
        return Node(Level.TRANSFORMER, place.transformer)
    if place.concentrator is not None:
        return Node(Level.CONCENTRATOR, place.concentrator)
    return None
