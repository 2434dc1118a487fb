"""UTC inside, local time at the edges (design D21). Instants are whole epoch seconds.

An *offset* is minutes east of UTC (local = UTC + offset); a COSEM *deviation* is its negative.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

QUARTER = 900
DAY = 86_400
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def utc(epoch: int) -> datetime:
    """The aware UTC datetime of an instant."""
    return datetime.fromtimestamp(epoch, UTC)


def epoch_of(moment: datetime) -> int:
    """Whole epoch seconds of an aware datetime."""
    return int(moment.timestamp())


def offset_at(zone: ZoneInfo, epoch: int) -> int:
    """Minutes east of UTC that are valid in `zone` at an instant."""
    offset = datetime.fromtimestamp(epoch, zone).utcoffset()
    assert offset is not None  # noqa: S101 - an aware datetime always has one
    return int(offset.total_seconds()) // 60


@lru_cache(maxsize=65_536)
def local_stamp(epoch: int, offset: int) -> str:
    """`yyyy-mm-dd hh:mm:ss.000` of an instant in local time, as the export files print it."""
    return f"{datetime.fromtimestamp(epoch + offset * 60, UTC):%Y-%m-%d %H:%M:%S}.000"


def utc_stamp(moment: datetime) -> str:
    """`yyyy-mm-dd hh:mm:ss.fff` of an aware datetime in UTC."""
    return moment.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds")[:23]


@lru_cache(maxsize=4096)
def stamp_at(epoch: float) -> str:
    """The same of UTC epoch seconds with their fraction."""
    return utc_stamp(datetime.fromtimestamp(epoch, UTC))


def local_midnight(day: date, zone: ZoneInfo) -> int:
    """The instant at which `day` begins in `zone`: the first moment whose local date is `day`.

    Where midnight does not exist (America/Santiago 2026-09-06) this is the moment of the jump.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return int(midnight.timestamp())


def local_day(day: date, zone: ZoneInfo) -> tuple[int, int]:
    """First and last instant (begin, begin of the next day) of a civil day: 92 to 100 quarters."""
    return local_midnight(day, zone), local_midnight(day + timedelta(days=1), zone)


def quarters_in(day: date, zone: ZoneInfo) -> int:
    """How many quarter hours a civil day has in `zone`."""
    begin, end = local_day(day, zone)
    return (end - begin) // QUARTER


def slot_of(end: int) -> tuple[int, int]:
    """(UTC day as days since 1970, slot 1..96) of an interval that ends at `end`.

    00:00 belongs to the day before (design D12); off-grid instants take the slot they fall into.
    """
    day, second = divmod(end - 1, DAY)
    return day, second // QUARTER + 1


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH_ORDINAL


def date_of(day: int) -> date:
    """The date of a day number."""
    return date.fromordinal(day + _EPOCH_ORDINAL)
