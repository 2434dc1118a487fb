"""What the steps of one visit share: its assignment, the engine's means, the open session."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from devices.drivers.base import Driver, Identity, Limits, Session, Window
from devices.fleet import Fleet
from devices.recording.fence import Fence, LeaseLost
from workorders import command_lock
from workorders.lease import Lease
from workorders.outcome import Outcome
from workorders.room import Room
from workorders.slots import DueSlot
from workorders.threads import Caller
from workorders.visits import Assignment


@dataclass(frozen=True, slots=True)
class Means:
    """What the engine lends to all its visits.

    `clock_objection(limit in s)` says why no device clock may be set now, '' when it may;
    `commands` are orders that may hold their command lock at once.
    """

    control: Caller
    bulk: Caller
    room: Room
    clock_objection: Callable[[float], str]
    limits: Limits = field(default_factory=Limits)
    commands: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(command_lock.AT_ONCE)
    )

    def urgent_while(self, is_urgent: Callable[[], bool]) -> "Means":
        """The same means for somebody whose calls to the database go first while he is urgent."""
        control, bulk = (replace(each, is_urgent=is_urgent) for each in (self.control, self.bulk))
        return replace(self, control=control, bulk=bulk)


@dataclass(slots=True)
class Visiting:
    """One visit under way. `session`, `identity` and `fleet` are there once it is open."""

    assignment: Assignment
    means: Means
    lease: Lease
    drivers: Callable[[str], Driver]
    fence: Fence
    outcome: Outcome = field(default_factory=Outcome)
    session: Session | None = None
    identity: Identity | None = None
    fleet: Fleet | None = None
    pending: list[DueSlot] = field(init=False)
    current: DueSlot | None = None
    seen: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    long_seconds: float = 0.0  # spent on orders of many steps
    finished_reads: set[tuple[str, Window]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.pending = list(self.assignment.slots)
        self.means = self.means.urgent_while(lambda: self.assignment.is_called)

    @property
    def concentrator(self) -> int:
        """Its id."""
        return self.assignment.claim.concentrator

    @property
    def zone(self) -> ZoneInfo:
        """Civil time at the concentrator."""
        return self.known_fleet.zone

    @property
    def open_session(self) -> Session:
        """The session of a visit that is open."""
        if self.session is None:
            raise AssertionError("the visit is not open")
        return self.session

    @property
    def known_fleet(self) -> Fleet:
        """The fleet of a visit that is open."""
        if self.fleet is None:
            raise AssertionError("the visit is not open")
        return self.fleet

    def require_lease(self) -> None:
        """Raise LeaseLost when our own clock says that others may have the lane."""
        if not self.lease.is_alive():
            raise LeaseLost("the lease ended by our own clock")

    def setting(self, name: str) -> int:
        """A number among the company's settings."""
        return self.assignment.settings.number(name)
