"""What a benchmark is given, and the list of them: one module each, one line here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from benchmarks.race import Result

BENCHMARKS = {
    "codec": "benchmarks.codec",
    "encoding": "benchmarks.encoding",
    "statistics": "benchmarks.statistics",
    "blocks": "benchmarks.blocks",
    "pipeline": "benchmarks.pipeline",
    "relay": "benchmarks.relay",
    "export": "benchmarks.export",
    "latency": "benchmarks.latency",
    "events": "benchmarks.events",
    "visits": "benchmarks.visits",
    "orders": "benchmarks.orders",
    "readings": "benchmarks.readings",
    "outages": "benchmarks.outages",
    "meaning": "benchmarks.meaning",
    "udp": "benchmarks.udp",
}


@dataclass(frozen=True, slots=True)
class Bench:
    """`home` is a folder of this run, on a real disk; `rounds` is how often a race is run."""

    home: Path
    rounds: int


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One of the list: `method` says how it measures, `run` yields its lines."""

    name: str
    method: str
    run: Callable[[Bench], Iterator[Result]]

    @classmethod
    def load(cls, name: str) -> "Benchmark":
        """Import its module, which needs the servers' addresses in the environment."""
        module: ModuleType = import_module(BENCHMARKS[name])
        return cls(name, (module.__doc__ or "").strip(), module.run)
