"""Times and spans as people write them on the command line."""

from argparse import ArgumentTypeError
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

HELP = "ISO 8601, 2026-11-20T08:00+01:00; without offset it is UTC"
DAY = timedelta(days=1)
FIRST_YEAR = 2000  # nothing of this system is older; keeps all arithmetic within the calendar


def moment(text: str) -> datetime:
    """An ISO 8601 time; raises ArgumentTypeError with an example."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError as fault:
        raise ArgumentTypeError(f"{text!r} is no time; write {HELP}") from fault
    if time.year < FIRST_YEAR:
        raise ArgumentTypeError(f"{text!r} is before the year {FIRST_YEAR}")
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def spans(days: Iterable[date]) -> str:
    """Days in order as spans: `2026-10-01 to 2026-10-03, 2026-10-05`."""
    found: list[list[date]] = []
    for day in sorted(days):
        if found and day - found[-1][1] == DAY:
            found[-1][1] = day
        else:
            found.append([day, day])
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in found)
