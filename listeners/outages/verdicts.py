"""What the rules decide."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from listeners.outages.facts import Interruption, Level, Node, OpenOutage

Item = Interruption | OpenOutage  # an outage within a site counts with all its meters


@dataclass(frozen=True, slots=True)
class Opening:
    """A new outage of these interruptions, into which these open outages are merged."""

    node: Node
    since: datetime
    transformer: int | None
    concentrator: int | None
    substation: int | None
    members: tuple[int, ...]
    merges: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Joining:
    """An open outage that reaches further."""

    outage: int
    members: tuple[int, ...]
    merges: tuple[int, ...] = ()


@dataclass(slots=True)
class Judgement:
    """What the rules say now; `momentary` are interruptions that are no outage."""

    openings: list[Opening] = field(default_factory=list)
    joinings: list[Joining] = field(default_factory=list)
    momentary: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many decisions; 0: nothing would change."""
        return len(self.openings) + len(self.joinings) + len(self.momentary)


def begin(item: Item) -> datetime:
    """Since when the power is away."""
    return item.since if isinstance(item, OpenOutage) else item.began


def opening(node: Node, cluster: Sequence[Item]) -> Opening:
    """The outage of a node that explains a cluster; since the first of it lost power."""
    first = min(cluster, key=begin)
    return Opening(
        node,
        begin(first),
        first.transformer,
        None if node.level is Level.TRANSFORMER else first.concentrator,
        first.substation,
        interruptions(cluster),
        tuple(item.id for item in cluster if isinstance(item, OpenOutage)),
    )


def interruptions(cluster: Iterable[Item]) -> tuple[int, ...]:
    """The ids of those that no outage explained before."""
    return tuple(item.id for item in cluster if isinstance(item, Interruption))
