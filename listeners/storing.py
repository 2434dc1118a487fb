"""Writes what was believed: the history of messages and the last of each type; set-wise."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import ip_address

from django.db.backends.utils import CursorWrapper

from hes.lib import copy_binary
from hes.lib.arrays import numbers
from listeners.known import Known

_HISTORY = (
    "received_at", "company_id", "concentrator_id", "meter_id", "kind", "device_local",
    "utc_offset", "is_stamp_doubted", "source", "port", "message",
)  # fmt: skip


def keep(cursor: CursorWrapper, known: Iterable[Known]) -> None:
    """Append messages to their history."""
    copy_binary.copy_binary(cursor, "spontaneous_message", _HISTORY, map(_kept, known))


def _kept(one: Known) -> bytes:
    arrived, stamp = one.arrived, one.stamp
    return copy_binary.row(
        copy_binary.instant(arrived.received),
        copy_binary.bigint(one.sender.company_id),
        copy_binary.bigint(one.concentrator_id),
        copy_binary.bigint(one.meter_id),
        copy_binary.text(one.message.kind),
        copy_binary.bigint(stamp.local),
        copy_binary.smallint(stamp.offset),
        copy_binary.boolean(stamp.is_doubted),
        address(arrived.source),
        copy_binary.integer(arrived.port),
        copy_binary.octets(arrived.raw),
    )


@lru_cache(maxsize=4096)
def address(source: str) -> bytes:
    """An inet field of an address as text."""
    return copy_binary.address(ip_address(source).packed)


# --- the last of each type ----------------------------------------------------------------------

# Written in the order of the key, so that two writers would wait for each other and not deadlock.
_LAST = """
INSERT INTO {table} AS known ({columns}, kind, source, port, device_local, received_at,
                              utc_offset, message)
SELECT {columns}, kind, source, port, device_local, to_timestamp(received_at), utc_offset, message
FROM unnest({arrays}, %s::text[], %s::inet[], %s::int[], %s::bigint[], %s::float8[],
            %s::smallint[], %s::bytea[])
     AS said ({columns}, kind, source, port, device_local, received_at, utc_offset, message)
ORDER BY {key}, kind
ON CONFLICT ({key}, kind) DO UPDATE SET {moved} source = excluded.source, port = excluded.port,
    device_local = excluded.device_local, received_at = excluded.received_at,
    utc_offset = excluded.utc_offset, message = excluded.message
WHERE known.received_at <= excluded.received_at
"""
_LAST_OF_CONCENTRATORS = _LAST.format(
    table="last_concentrator_message",
    columns="concentrator_id",
    arrays="%s::bigint[]",
    key="concentrator_id",
    moved="",
)
_LAST_OF_METERS = _LAST.format(
    table="last_meter_message",
    columns="meter_id, concentrator_id",
    arrays="%s::bigint[], %s::bigint[]",
    key="meter_id",
    moved="concentrator_id = excluded.concentrator_id,",
)


def keep_last(cursor: CursorWrapper, known: Iterable[Known]) -> None:
    """The last message of each device and type, for the reports (000 3.3.1)."""
    concentrators: dict[object, Known] = {}
    meters: dict[object, Known] = {}
    for one in known:
        own = concentrators if one.meter_id is None else meters
        key = one.meter_id or one.concentrator_id, one.message.kind
        if key not in own or own[key].arrived.received <= one.arrived.received:
            own[key] = one
    if concentrators:
        last = list(concentrators.values())
        told_by = numbers([one.concentrator_id for one in last])
        cursor.execute(_LAST_OF_CONCENTRATORS, [told_by, *_columns(last)])
    if meters:
        last = list(meters.values())
        told_by = numbers([one.concentrator_id for one in last])
        of = numbers([one.meter_id for one in last])
        cursor.execute(_LAST_OF_METERS, [of, told_by, *_columns(last)])


def _columns(last: Sequence[Known]) -> list[str]:
    return [
        _texts([one.message.kind for one in last]),
        _texts([one.arrived.source for one in last]),
        numbers([one.arrived.port for one in last]),
        numbers([one.stamp.local for one in last]),
        numbers([one.arrived.received for one in last]),
        numbers([one.stamp.offset for one in last]),
        _texts([f'"\\\\x{one.arrived.raw.hex()}"' for one in last]),
    ]


def _texts(values: Iterable[str]) -> str:
    """An array of texts without blanks, commas, quotes and braces."""
    return "{" + ",".join(values) + "}"
