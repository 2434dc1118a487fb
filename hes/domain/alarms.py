"""Meter alarms: one bit of the alarm word, one event type, one line text.

Source: `codes/meter_alarms.csv`; bit positions are assumed there (no document prints a word).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from hes.domain.catalogue import rows


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm of the meter status word; `text` is what SWE lines print."""

    bit: int
    name: str
    event_type: str
    text: str


ALARMS: tuple[Alarm, ...] = tuple(
    Alarm(int(row["bit"]), row["alarm"], row["event_type"], row["swe_description"])
    for row in rows("meter_alarms")
)
BY_NAME: dict[str, Alarm] = {alarm.name: alarm for alarm in ALARMS}


def edges(before: int, after: int) -> Iterator[tuple[Alarm, bool]]:
    """Each alarm whose bit differs between two words, with its new state."""
    changed = before ^ after
    for alarm in ALARMS:
        if changed >> alarm.bit & 1:
            yield alarm, bool(after >> alarm.bit & 1)
