"""Device stamps and instants (design D21; companion profile 3.1 "Clock")."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from devices.drivers.base import ClockReading, DstPeriod
from devices.protocol import clock, expect
from devices.protocol.axdr import Data
from devices.protocol.errors import GarbledError
from hes.domain.time import offset_at

STAMP_SIZE = 12
LAST_EPOCH = 2**32 - 1


def dst_periods(value: Data, zone: ZoneInfo) -> tuple[DstPeriod, ...]:
    """The DST table, oldest first as the device lists it."""
    pairs = (expect.structure(pair, "DST period", 2) for pair in expect.array(value, "DST table"))
    return tuple(
        DstPeriod(
            instant(expect.octets(begin, "DST begin", 12), zone)[0],
            instant(expect.octets(end, "DST end", 12), zone)[0],
        )
        for begin, end in pairs
    )


def dst_table(periods: tuple[DstPeriod, ...], zone: ZoneInfo) -> Data:
    """Each change as the clocks of `zone` show it the moment before."""
    return [dst_pair(period, zone) for period in periods]


def dst_pair(period: DstPeriod, zone: ZoneInfo) -> tuple[bytes, bytes]:
    """Begin and end of one summer time."""
    return _before(period.begin, zone), _before(period.end, zone)


def reading(value: Data, ours: float, zone: ZoneInfo) -> ClockReading:
    """A clock's time attribute beside our own time at the moment of the reading."""
    raw = expect.octets(value, "clock", STAMP_SIZE)
    written = clock.decode(raw)
    return ClockReading(instant(raw, zone)[0], ours, written.deviation, written.status)


def stamp(epoch: int, zone: ZoneInfo) -> bytes:
    """`epoch` as a device in `zone` writes it, summer bit included."""
    return stamp_with_offset(epoch, offset_at(zone, epoch), zone)


def stamp_with_offset(epoch: int, offset: int, zone: ZoneInfo) -> bytes:
    """`epoch` at `offset` minutes east of UTC; summer time as `zone` has it then."""
    summer = datetime.fromtimestamp(epoch, zone).dst()
    return clock.encode(epoch, -offset, clock.SUMMER_TIME if summer else 0)


@lru_cache(maxsize=16_384)
def instant(raw: bytes, zone: ZoneInfo) -> tuple[int, int]:
    """UTC epoch seconds and offset (minutes east) of a stamp; `zone` decides where it has none.

    GarbledError outside 1970 to 2106: no device wrote it on purpose.
    """
    written = clock.decode(raw)
    if not 0 <= written.local <= LAST_EPOCH:
        raise GarbledError(f"date-time {raw.hex()}: outside 1970 to 2106")
    if written.deviation is not None:
        return written.utc, -written.deviation
    local = datetime.fromtimestamp(written.local, UTC).replace(tzinfo=zone)
    utc = int(local.timestamp())
    return utc, (written.local - utc) // 60


def _before(epoch: int, zone: ZoneInfo) -> bytes:
    offset = offset_at(zone, epoch - 1)
    was_summer = bool(datetime.fromtimestamp(epoch - 1, zone).dst())
    return clock.encode(epoch, -offset, clock.SUMMER_TIME if was_summer else 0)
