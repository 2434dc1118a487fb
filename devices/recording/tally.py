"""What one or several recordings came to."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Lines by kind, and what made none: slots too old, more than a day ahead, already left.

    `unassigned` counts the MAC addresses (per batch) that belong to no meter of the concentrator;
    `refused` what the device or the inventory names so that it cannot stand in a line.
    """

    lines: Counter[str] = field(default_factory=Counter)
    too_old: int = 0
    future: int = 0
    duplicates: int = 0
    unassigned: int = 0
    refused: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.lines + other.lines,
            self.too_old + other.too_old,
            self.future + other.future,
            self.duplicates + other.duplicates,
            self.unassigned + other.unassigned,
            self.refused + other.refused,
        )

    @property
    def total(self) -> int:
        """All lines."""
        return self.lines.total()
