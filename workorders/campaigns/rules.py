"""The life of a campaign and what its counts say is next: pure rules.

A canary group goes first, waves follow; each when the one before is through and not too many of it
have failed. Devices that cannot be reached are waited for: they hold the next wave back for the
campaign's patience only, and count as failed when their orders expire.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hes.domain.errors import IllegalMove

CANARY = 0
"""The number of the first wave."""


class CampaignState(StrEnum):
    """Values are stored."""

    DRAFT = "draft"  # waits for another person's approval
    APPROVED = "approved"
    RUNNING = "running"
    PAUSED = "paused"  # nothing new is ordered
    STOPPED = "stopped"
    DONE = "done"


class Act(StrEnum):
    """What moves a campaign; the last three its own counts."""

    APPROVE = "approve"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    SUBMIT = "submit"
    FAIL = "fail"  # too many errors
    FINISH = "finish"


S = CampaignState
MOVES: dict[tuple[CampaignState, Act], CampaignState] = {
    (S.DRAFT, Act.APPROVE): S.APPROVED,
    (S.DRAFT, Act.STOP): S.STOPPED,
    (S.APPROVED, Act.START): S.RUNNING,
    (S.APPROVED, Act.STOP): S.STOPPED,
    (S.RUNNING, Act.PAUSE): S.PAUSED,
    (S.RUNNING, Act.STOP): S.STOPPED,
    (S.RUNNING, Act.SUBMIT): S.RUNNING,
    (S.RUNNING, Act.FAIL): S.STOPPED,
    (S.RUNNING, Act.FINISH): S.DONE,
    (S.PAUSED, Act.RESUME): S.RUNNING,
    (S.PAUSED, Act.STOP): S.STOPPED,
    (S.PAUSED, Act.FAIL): S.STOPPED,
    (S.PAUSED, Act.FINISH): S.DONE,
}


def after(state: CampaignState, act: Act) -> CampaignState:
    """The next state. Raises IllegalMove naming both and what is possible."""
    try:
        return MOVES[state, act]
    except KeyError:
        possible = [may.value for was, may in MOVES if was is state] or ["nothing"]
        text = f"a campaign that is {state} takes no {act}; it takes {', '.join(possible)}"
        raise IllegalMove(text) from None


@dataclass(frozen=True, slots=True)
class Rules:
    """`stop_permille`: failed targets of a wave, in thousandths of its size, that may not be
    exceeded; `patience`: how long devices that are waited for hold the next wave back."""

    stop_permille: int
    patience: timedelta


@dataclass(frozen=True, slots=True)
class Wave:
    """`left`: orders that people cancelled or replaced: neither done nor failed."""

    number: int
    size: int
    submitted_at: datetime | None = None
    done: int = 0
    failed: int = 0
    left: int = 0

    @property
    def open(self) -> int:
        """Targets whose end is not known."""
        return self.size - self.done - self.failed - self.left

    def is_over(self, rules: Rules) -> bool:
        """Too many have failed; known before the wave is through."""
        return self.failed * 1000 > rules.stop_permille * self.size

    def is_through(self, rules: Rules, now: datetime) -> bool:
        """All have ended; or only devices are waited for, and at least half the wave was done."""
        if self.submitted_at is None or not self.open:
            return self.submitted_at is not None
        is_late = now - self.submitted_at >= rules.patience
        return is_late and 2 * self.done >= self.size


@dataclass(frozen=True, slots=True)
class Next:
    """What a campaign does next; no act: it waits."""

    act: Act | None = None
    wave: int = CANARY
    text: str = ""


def next_step(waves: Sequence[Wave], rules: Rules, now: datetime) -> Next:
    """From the counts of all waves, in order of their numbers."""
    submitted = [wave for wave in waves if wave.submitted_at is not None]
    for wave in submitted:
        if wave.is_over(rules):
            return Next(Act.FAIL, wave.number, too_many(wave))
    if len(submitted) < len(waves):
        if not submitted or submitted[-1].is_through(rules, now):
            return Next(Act.SUBMIT, waves[len(submitted)].number)
        return Next()
    return Next() if any(wave.open for wave in waves) else Next(Act.FINISH)


def too_many(wave: Wave) -> str:
    """Why a wave stops its campaign."""
    name = "the canary group" if wave.number == CANARY else f"wave {wave.number}"
    return f"{wave.failed} of {wave.size} in {name} failed"
