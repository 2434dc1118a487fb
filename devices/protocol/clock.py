"""COSEM date-time, 12 bytes (IEC 62056-6-2, 4.1.6.1; companion profile 3.1 "Clock").

Year u16, month, day, weekday (1 = Monday), hour, minute, second, hundredths, deviation i16 =
minutes to *add to local time* to get UTC (Santiago winter +240), clock status. Integer arithmetic
only; days are counted from 1970-01-01.
"""

import struct
from functools import lru_cache
from typing import NamedTuple

from devices.protocol.errors import GarbledError, ProtocolError

SUMMER_TIME, INVALID, DOUBTFUL = 0x80, 0x01, 0x02
NO_DEVIATION = -0x8000
ANY_WEEKDAY = 0xFF
UNSPECIFIED = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x80\x00\xff"

_FIELDS = struct.Struct(">HBBBBBBBhB")
_DAY = 86_400


class Stamp(NamedTuple):
    """One instant as a device wrote it."""

    local: int
    """Seconds from 1970-01-01 00:00 of the device's own local time."""
    deviation: int | None
    """Minutes to add to local time to get UTC; None when the device gives none (8000)."""
    status: int
    """Clock status byte: 80 summer time, 01 invalid, 02 doubtful; FF when not given."""

    @property
    def utc(self) -> int:
        """UTC epoch seconds; GarbledError when the device gave no deviation."""
        if self.deviation is None:
            raise GarbledError("clock without deviation: read it in its concentrator's zone")
        return self.local + 60 * self.deviation


@lru_cache(maxsize=16_384)
def decode(raw: bytes) -> Stamp:
    """A full date-time; GarbledError for wildcards (but seconds) and impossible fields."""
    if len(raw) != 12:
        raise GarbledError(f"date-time of {len(raw)} bytes")
    year, month, day, _, hour, minute, second, _, deviation, status = _FIELDS.unpack(raw)
    if second == 0xFF:
        second = 0
    if hour > 23 or minute > 59 or second > 59:
        raise GarbledError(f"date-time {raw.hex()}: time of day is not a definite one")
    if deviation != NO_DEVIATION and not -720 <= deviation <= 840:
        raise GarbledError(f"date-time {raw.hex()}: deviation {deviation}")
    local = _day_number(year, month, day) * _DAY + hour * 3600 + minute * 60 + second
    return Stamp(local, None if deviation == NO_DEVIATION else deviation, status)


def encode(utc: int, deviation: int, status: int = 0, weekday: int | None = None) -> bytes:
    """The instant `utc` (epoch seconds) as local time with `deviation` (minutes, see above).

    `weekday` overrides the computed one, e.g. ANY_WEEKDAY in a daylight-saving rule.
    """
    return _encode(utc - 60 * deviation, deviation, status, weekday)


def encode_local(local: int, status: int = 0) -> bytes:
    """A local time (see Stamp.local) without deviation (8000)."""
    return _encode(local, NO_DEVIATION, status, None)


def is_unspecified(raw: bytes) -> bool:
    """True when year, month or day is a wildcard, so that no instant is named."""
    return raw[:2] == b"\xff\xff" or 0xFF in raw[2:4] or 0xFE in raw[2:4] or 0xFD in raw[2:4]


def _encode(local: int, deviation: int, status: int, weekday: int | None) -> bytes:
    days, second = divmod(local, _DAY)
    year, month, day = _date(days)
    wd = (days + 3) % 7 + 1 if weekday is None else weekday
    hour, minute = second // 3600, second // 60 % 60
    try:
        return _FIELDS.pack(year, month, day, wd, hour, minute, second % 60, 0, deviation, status)
    except struct.error:
        raise ProtocolError(f"local second {local} is outside the years of a date-time") from None


@lru_cache(maxsize=4096)
def _day_number(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 in the Gregorian calendar (years counted from March)."""
    if not 1 <= month <= 12 or not 1 <= year <= 9999 or not 1 <= day <= _days_in(year, month):
        raise GarbledError(f"date {year}-{month}-{day} is not a definite one")
    y = year - (month < 3)
    yearday = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return 365 * y + y // 4 - y // 100 + y // 400 + yearday - 719_468


def _days_in(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@lru_cache(maxsize=4096)
def _date(days: int) -> tuple[int, int, int]:
    era, rest = divmod(days + 719_468, 146_097)
    y = (rest - rest // 1460 + rest // 36_524 - rest // 146_096) // 365
    yearday = rest - (365 * y + y // 4 - y // 100)
    shifted = (5 * yearday + 2) // 153
    day = yearday - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return era * 400 + y + (month < 3), month, day
