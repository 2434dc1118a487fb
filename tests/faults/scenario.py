"""What a scenario is given, and the list of them: one module each, one line here."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from hes.servers.postgres import Postgres
from hes.servers.redis import Redis

SCENARIOS = {
    "kills": "tests.faults.kills",
    "freezes": "tests.faults.freezes",
    "postgres": "tests.faults.postgres",
    "commits": "tests.faults.commits",
    "redis": "tests.faults.redis",
    "beats": "tests.faults.beats",
    "clock": "tests.faults.clock",
}


@dataclass(frozen=True, slots=True)
class Size:
    """How much harm is done to how many orders; `meters` are those of each concentrator."""

    harms: int
    orders: int
    concentrators: int
    meters: int
    workers: int = 4


@dataclass(slots=True)
class Course:
    """One run of one scenario: what it is given, and what it notes down.

    `injected` counts the harm done, `counted` what came of it, `violations` what never may be.
    """

    name: str
    seed: int
    size: Size
    postgres: Postgres
    redis: Redis
    home: Path
    tell: Callable[[str], None]
    minutes: float = float("inf")
    begun: float = field(default_factory=time.monotonic)
    dice: random.Random = field(init=False)
    injected: Counter[str] = field(default_factory=Counter)
    counted: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.dice = random.Random(f"{self.name} {self.seed}")  # noqa: S311 - to be repeated

    def is_time_up(self) -> bool:
        """Whether no more harm shall be done, however little it was."""
        return time.monotonic() - self.begun > 60 * self.minutes

    def harm(self, what: str) -> None:
        """Note one injury."""
        self.injected[what] += 1


@dataclass(frozen=True, slots=True)
class Scenario:
    """One of the list. `full` and `short` are its sizes; `run` does harm and fills the course."""

    name: str
    meaning: str
    full: Size
    short: Size
    run: Callable[[Course], None]

    @classmethod
    def load(cls, name: str) -> "Scenario":
        """Import its module, which needs the servers' addresses in the environment."""
        module = import_module(SCENARIOS[name])
        meaning, *_ = module.__doc__.splitlines()
        return cls(name, meaning, module.FULL, module.SHORT, module.run)
