"""A meter on its way into service and its concentrator, without bytes; kills anywhere."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from devices.drivers import duties as d
from devices.drivers.base import ClockReading, DstPeriod, FieldError
from tests.workorders.activities.orders.key_model import (
    MAC,
    ORDER,
    PUBLIC,
    Keys,
    KeyWorld,
    Killed,
    Store,
)
from workorders.activities.orders.base import Facts, NotDone, OrderActivity, Result
from workorders.activities.orders.life import NoteRecruited

NOW = 1_795_180_500  # 2026-11-20 13:15 UTC
WHO = {"serial": "UAAEEDN11100000003", "phase": 1, "row": 0}
WHAT = {"closure": 3, "profile": 1, "period": 15, "flags": 9, "measurands": [[13, 2, 60]]}
SETUP = {
    "time_zone": 240, "period": 15,
    "begin": "2026-09-06T04:00:00+00:00", "end": "2027-04-04T03:00:00+00:00",
}  # fmt: skip
CHOSEN_ROW = 7
SEEN, ENTERED, RECRUITING, COMMISSIONED = list(d.NodeState)[:4]


@dataclass
class LifeWorld(KeyWorld):
    """`node` as in T8, `entry` as in T10; `ends` is how a job of an entry ends (state, code)."""

    held: Keys = field(default_factory=lambda: dict(PUBLIC))
    store: Store = field(default_factory=Store)
    commissioned: bool = False
    node: d.NodeState | None = SEEN
    entry: d.Entry | None = None
    ends: tuple[int, int] = (2, 0)
    is_stuck: bool = False
    drift: float = 90.0
    setup: d.MeterSetup = field(default_factory=lambda: d.MeterSetup(0, 60))
    summer: DstPeriod | None = None
    is_noted: bool = False
    runs: list[int] = field(default_factory=list)

    def perform(self, duty: d.Duty) -> Any:
        carry_out = PERFORMS.get(type(duty))
        return carry_out(self, duty) if carry_out else super().perform(duty)

    def order(self, activity: OrderActivity, parameters: dict[str, Any]) -> Any:
        """One attempt."""
        facts = Facts(ORDER, MAC, NOW, -180, parameters)
        return self.attempt(activity.steps(facts))

    def through(self, activity: OrderActivity, parameters: dict[str, Any]) -> Result:
        """Attempts and read-backs until the order ends."""
        for _ in range(20):
            try:
                return self.order(activity, parameters)
            except (Killed, FieldError):
                pass
            try:
                facts = Facts(ORDER, MAC, NOW, -180, parameters)
                verdict = self.attempt(activity.read_back(facts))
            except (Killed, FieldError):
                continue
            if not isinstance(verdict, NotDone):
                return verdict
        raise AssertionError("the order never ended")

    def list_job(self, job: int, command: int, state: int = 2, code: int = 0) -> bool:
        """False: it is listed already, and not carried out again."""
        if job in self.jobs:
            return False
        self.jobs[job] = d.Job(job, command, MAC, state, code)
        self.runs.append(command)
        return True

    def enter(self, duty: d.PostEntry) -> None:
        if not self.list_job(duty.job, 1, *self.ends) or self.is_stuck or self.ends[0] == 3:
            return
        row = duty.entry.row or CHOSEN_ROW
        self.entry = d.Entry(**{**_fields(duty.entry), "row": row})
        self.node = ENTERED if self.node is SEEN else self.node

    def command(self, duty: d.Post) -> None:
        if self.list_job(duty.job, duty.command, *((1, 0) if duty.command == 3 else (2, 0))):
            COMMANDS[duty.command](self)


def _fields(entry: d.Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in entry.__slots__}


COMMANDS: dict[int, Callable[[LifeWorld], None]] = {
    2: lambda world: setattr(world, "entry", None),
    3: lambda world: setattr(world, "node", RECRUITING),
    4: lambda world: setattr(world, "node", SEEN),
}
PERFORMS: dict[type, Callable[[LifeWorld, Any], Any]] = {
    d.ReadNode: lambda world, _: world.node,
    d.ReadEntry: lambda world, _: world.entry,
    d.PostEntry: LifeWorld.enter,
    d.Post: LifeWorld.command,
    d.ReadMeterClock: lambda world, _: ClockReading(NOW + world.drift, NOW, 240, 0),
    d.SetMeterClock: lambda world, _: setattr(world, "drift", 0.0),
    d.ReadMeterSetup: lambda world, _: world.setup,
    d.SetMeterZone: lambda world, duty: setattr(
        world, "setup", d.MeterSetup(duty.time_zone, world.setup.profile_period)
    ),
    d.SetProfilePeriod: lambda world, duty: setattr(
        world, "setup", d.MeterSetup(world.setup.time_zone, duty.period)
    ),
    d.ReadMeterDst: lambda world, _: world.summer,
    d.SetMeterDst: lambda world, duty: setattr(world, "summer", duty.period),
    NoteRecruited: lambda world, _: setattr(world, "is_noted", True),
}
