"""Runs a candidate against its limit, turn by turn in one process, and keeps the ratio.

This machine's speed swings; a ratio measured in the same minute does not. A ratio of 1 means the
candidate is as fast as the limit; promises are ratios, never seconds.
"""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
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
    promise: float | None = None
    at_most: bool = False
    notes: Mapping[str, float] = field(default_factory=dict)

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
            "kept": self.is_kept, "notes": dict(self.notes),
        }  # fmt: skip


def timed(run: Run) -> float:
    """Seconds of one run; a run that measures itself returns its own seconds.

    Garbage is collected before and not during the run, on both sides of a race.
    """
    gc.collect()
    gc.disable()
    try:
        begin = time.perf_counter()
        own = run()
        return own if own is not None else time.perf_counter() - begin
    finally:
        gc.enable()


def race(
    name: str,
    candidate: Run,
    limit: Run,
    *,
    promise: float | None = None,
    rounds: int = 7,
    scale: float = 1.0,
    items: int = 0,
) -> Result:
    """Median of limit time / candidate time x `scale`, each pair measured back to back.

    `scale` corrects for unequal work: items of the candidate per item of the limit. With `items`
    (of one run of the candidate) both rates are noted.
    """
    timed(candidate), timed(limit)  # warm caches, plans and templates
    pairs = [(timed(candidate), timed(limit)) for _ in range(rounds)]
    ratios = [limit_s / candidate_s * scale for candidate_s, limit_s in pairs]
    ours, theirs = (median(seconds) for seconds in zip(*pairs, strict=True))
    notes = {"candidate ms": ours * 1e3, "limit ms": theirs * 1e3}
    if items:
        notes |= {"per s": items / ours, "limit per s": items / scale / theirs}
    return _spread(name, ratios, "ratio", promise, notes=notes)


def measured(
    name: str,
    values: Sequence[float],
    unit: str,
    promise: float | None = None,
    *,
    at_most: bool = False,
    notes: Mapping[str, float] | None = None,
) -> Result:
    """A figure that has no faster rival, with the bound it must keep."""
    return _spread(name, values, unit, promise, at_most=at_most, notes=notes or {})


def _spread(
    name: str,
    values: Sequence[float],
    unit: str,
    promise: float | None,
    *,
    at_most: bool = False,
    notes: Mapping[str, float],
) -> Result:
    return Result(name, median(values), min(values), max(values), unit, promise, at_most, notes)


def table(results: Sequence[Result]) -> str:
    """The aligned report."""
    head = f"{'benchmark':<52}{'median':>9}{'min':>9}{'max':>9}  {'unit':<7}{'promise':>9}  kept"
    return "\n".join([head, "-" * len(head), *map(_line, results)])


def _line(result: Result) -> str:
    sign = "<=" if result.at_most else ">="
    promise = "-" if result.promise is None else f"{sign} {result.promise:g}"
    kept = {True: "yes", False: "NO", None: ""}[result.is_kept]
    figures = "".join(f"{value:>9.3f}" for value in (result.value, result.low, result.high))
    line = f"{result.name:<52}{figures}  {result.unit:<7}{promise:>9}  {kept}".rstrip()
    notes = " · ".join(f"{name} {_plain(value)}" for name, value in result.notes.items())
    return f"{line}\n    {notes}" if notes else line


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
