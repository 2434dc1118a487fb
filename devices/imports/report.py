"""What came of an import: counts, and every fault with line, column, value and cure."""

import re
from dataclasses import dataclass
from enum import StrEnum

LISTED = 10_000
# Twelve bytes of hexadecimal digits and more may be a key that slipped into a wrong column.
_KEY_LIKE = re.compile(r"[0-9A-Fa-f]{24,}")


class Operation(StrEnum):
    """What the rows of a file ask for."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a file. `rows` > 1: the same value in so many rows, `line` is the first."""

    line: int
    column: str
    value: str
    problem: str
    advice: str
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows went which way."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one import.

    `rows` were read, `rejected` of them carry faults; the counts say what was written, or in a dry
    run would have been. `more_faults` are those beyond the LISTED ones of `faults`.
    """

    template: str
    operation: Operation
    dry_run: bool
    rows: int
    rejected: int
    counts: Counts
    faults: tuple[Fault, ...] = ()
    more_faults: int = 0
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        """No row was rejected."""
        return not self.faults

    @property
    def created(self) -> int:
        return self.counts.created

    @property
    def changed(self) -> int:
        return self.counts.changed

    @property
    def unchanged(self) -> int:
        return self.counts.unchanged

    @property
    def deleted(self) -> int:
        return self.counts.deleted


def shown(value: str, limit: int = 80) -> str:
    """A value of a file as a person may see it: short, and nothing that may be a key."""
    visible = _KEY_LIKE.sub("(hidden)", value)
    printable = "".join(char if char.isprintable() else "\ufffd" for char in visible)
    return printable if len(printable) <= limit else f"{printable[: limit - 1]}\u2026"
