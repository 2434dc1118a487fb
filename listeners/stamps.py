"""When something happened: the local stamp of a device, read beside the receipt. Pure.

A stamp is believed if it is at most a day older than its receipt and hardly ahead of it. A clock
that lost its date says 2000, one that was set wrongly may say any year: such a message is kept and
flagged, and its receipt decides what is older. In the hour that a summer time ends, a local time
means two instants; the one nearer to the receipt is meant.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from devices.protocol.spontaneous import NO_STAMP, Message
from hes.domain.time import DAY, offset_at

AHEAD = 300  # seconds that a clock may run ahead of us and still be believed (*assumed*)
_MINUTE, _QUARTER = 60, 900
_UTC = ZoneInfo("UTC")


class Stamp(NamedTuple):
    """`local` as the message says (seconds from 1970, local time), `at` as UTC epoch seconds.

    `offset`: minutes east of UTC where the device stands, at the receipt.
    """

    local: int
    at: int
    offset: int
    is_doubted: bool

    @property
    def is_old(self) -> bool:
        """Doubted, and not for being ahead: maybe something that was said long ago."""
        return self.is_doubted and self.at > _DATE_LOST

    def believed(self) -> float | None:
        """The instant, None where only the receipt counts."""
        return None if self.is_doubted else self.at


_DATE_LOST = int(datetime(2001, 1, 1, tzinfo=UTC).timestamp())


def stamp_of(message: Message, zone: ZoneInfo | None, received: float) -> Stamp:
    """`zone` is the device's, None if it is not known; `received` in UTC epoch seconds.

    Without a stamp that can be read the minute of the receipt stands for it, so that what is said
    twice at once still counts once.
    """
    offset = _offset(zone, int(received) // _QUARTER) if zone else 0
    if message.local == NO_STAMP or (zone is None and message.deviation is None):
        minute = int(received) // _MINUTE * _MINUTE
        return Stamp(minute + offset * 60, minute, offset, True)
    at = _instant(message, zone or _UTC, received)
    return Stamp(message.local, at, offset, not received - DAY <= at <= received + AHEAD)


def _instant(message: Message, zone: ZoneInfo, received: float) -> int:
    if message.deviation is not None:
        return message.local + 60 * message.deviation
    first, second = _readings(message.local, zone)
    return second if abs(second - received) < abs(first - received) else first


@lru_cache(maxsize=65_536)
def _readings(local: int, zone: ZoneInfo) -> tuple[int, int]:
    """The two instants a local time may mean; mostly the same."""
    naive = datetime.fromtimestamp(local, UTC).replace(tzinfo=zone)
    return int(naive.timestamp()), int(naive.replace(fold=1).timestamp())


@lru_cache(maxsize=4096)
def _offset(zone: ZoneInfo, quarter: int) -> int:
    return offset_at(zone, quarter * _QUARTER)
