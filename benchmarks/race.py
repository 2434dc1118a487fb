"""Runs a candidate against its limit, turn by turn in one process, and keeps the ratio.

This machine's speed swings; a ratio measured in the same minute does not. A ratio of 1 means the
candidate is as fast as the limit; promises are ratios, never seconds.
"""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

Run = Callable[[], float | None]


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the report. `promise` is what `value` must reach; None informs only."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    promise: float | None
    at_most: bool = False
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def is_kept(self) -> bool | None:
        """Whether the promise holds; None without one."""
        if self.promise is None:
            return None
        return self.value <= self.promise if self.at_most else self.value >= self.promise

    def as_json(self) -> dict[str, object]:
        """The line for `--json`."""
        return {
            "name": self.name, "median": self.value, "min": self.low, "max": self.high,
            "unit": self.unit, "promise": self.promise, "at_most": self.at_most,
            "kept": self.is_kept, "notes": self.notes,
        }  # fmt: skip


def timed(run: Run) -> float:
    """Seconds of one run; a run that measures itself returns its own seconds."""
    gc.collect()
    begin = time.perf_counter()
    own = run()
    return own if own is not None else time.perf_counter() - begin


def race(
    name: str,
    candidate: Run,
    limit: Run,
    *,
    promise: float | None,
    rounds: int = 7,
    scale: float = 1.0,
    notes: dict[str, float] | None = None,
) -> Result:
    """Median of limit time / candidate time x `scale`, each pair measured back to back.

    `scale` corrects for unequal work: items of the candidate per item of the limit.
    """
    timed(candidate), timed(limit)  # warm caches, plans and templates
    pairs = [(timed(candidate), timed(limit)) for _ in range(rounds)]
    ratios = [limit_s / candidate_s * scale for candidate_s, limit_s in pairs]
    seconds = {
        "candidate_ms": median(pair[0] for pair in pairs) * 1e3,
        "limit_ms": median(pair[1] for pair in pairs) * 1e3,
    }
    return Result(
        name, median(ratios), min(ratios), max(ratios), "ratio", promise,
        notes=(notes or {}) | seconds,
    )  # fmt: skip


def measured(
    name: str, values: list[float], unit: str, promise: float | None, *, at_most: bool = False
) -> Result:
    """A figure that has no faster rival, with the bound it must keep."""
    return Result(name, median(values), min(values), max(values), unit, promise, at_most)


def table(results: list[Result]) -> str:
    """The aligned report."""
    head = f"{'benchmark':<52}{'median':>9}{'min':>9}{'max':>9}  {'unit':<7}{'promise':>9}  kept"
    return "\n".join([head, "-" * len(head), *map(_line, results)])


def _line(result: Result) -> str:
    sign = "<=" if result.at_most else ">="
    promise = "-" if result.promise is None else f"{sign} {result.promise:g}"
    kept = {True: "yes", False: "NO", None: ""}[result.is_kept]
    notes = "  ".join(f"{name} {value:,.2f}" for name, value in result.notes.items())
    figures = f"{result.value:>9.3f}{result.low:>9.3f}{result.high:>9.3f}"
    line = f"{result.name:<52}{figures}  {result.unit:<7}{promise:>9}  {kept}"
    return f"{line}\n    {notes}" if notes else line
