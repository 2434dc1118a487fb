"""What a failed visit means for its slots and for the next attempt: pure rules.

Source: companion profile 6, design 7; figures are settings (assumed).
"""

from collections.abc import Callable
from dataclasses import dataclass

BUSY_SECONDS = (60.0, 300.0)
CANCELLED_SECONDS = (2.0, 10.0)  # our own stop, or this host has no socket left (assumed)
CANCELLED = "cancelled"
_NEVER_RETRIED = frozenset({"refused", "locked"})

Dice = Callable[[float, float], float]
"""Draws a number between two: `random.uniform`, or a fixed one in tests."""


@dataclass(frozen=True, slots=True)
class RetryRules:
    """A company's settings: seconds, tries of one slot, failures that open the breaker."""

    base: float = 60.0
    cap: float = 3600.0
    attempts: int = 3
    breaker: int = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a visit leaves its lane: failures in a row, pause in seconds, whether slots stay due."""

    failures: int
    pause: float
    retry: bool


def after(family: str, failures: int, rules: RetryRules, dice: Dice) -> Verdict:
    """The verdict on a visit that ended with an error family, '' for success.

    `failures` is the number of failed visits in a row before this one. Cancelled costs nothing.
    With the breaker open no slot is tried again: one real attempt per scheduled slot remains.
    """
    if not family:
        return Verdict(0, 0.0, retry=True)
    if family == CANCELLED:
        return Verdict(failures, dice(*CANCELLED_SECONDS), retry=True)
    failures += 1
    if family in _NEVER_RETRIED or failures >= rules.breaker:
        return Verdict(failures, 0.0, retry=False)
    return Verdict(failures, _pause(family, failures, rules, dice), retry=True)


def _pause(family: str, failures: int, rules: RetryRules, dice: Dice) -> float:
    if family == "busy":
        return dice(*BUSY_SECONDS)
    longest = min(rules.cap, rules.base * 2.0 ** min(failures - 1, 32))
    return dice(longest / 2, longest)
