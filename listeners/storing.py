"""Writes what was believed: the history of messages and the last of each type; set-wise."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import ip_address

from django.db.backends.utils import CursorWrapper

from devices.protocol.spontaneous import Kind
from hes.lib import copy_binary
from listeners.known import Known

_HISTORY = (
    "received_at", "company_id", "concentrator_id", "meter_id", "kind", "device_local",
    "utc_offset", "is_stamp_doubted", "source", "port", "message",
)  # fmt: skip


_FIELDS = copy_binary.fields(len(_HISTORY))
_KINDS = {kind: copy_binary.text(kind) for kind in Kind}


def keep(cursor: CursorWrapper, known: Iterable[Known]) -> None:
    """Append messages to their history."""
    copy_binary.copy_binary(cursor, "spontaneous_message", _HISTORY, map(_kept, known))


def _kept(one: Known) -> bytes:
    arrived, stamp = one.arrived, one.stamp
    return b"".join((
        _FIELDS,
        copy_binary.shared_instant(arrived.received),
        copy_binary.bigint(one.sender.company_id),
        copy_binary.bigint(one.concentrator_id),
        copy_binary.bigint(one.meter_id),
        _KINDS[one.message.kind],
        copy_binary.bigint(stamp.local),
        copy_binary.smallint(stamp.offset),
        copy_binary.boolean(stamp.is_doubted),
        address(arrived.source),
        copy_binary.integer(arrived.port),
        copy_binary.octets(arrived.raw),
    ))  # fmt: skip


@lru_cache(maxsize=4096)
def address(source: str) -> bytes:
    """An inet field of an address as text."""
    return copy_binary.address(ip_address(source).packed)


# --- the last of each type ----------------------------------------------------------------------

# What this transaction appended to the history is read there again, so nothing travels twice.
# Written in the order of the key: two writers would wait for each other and not deadlock.
_LAST = """
INSERT INTO {table} AS known ({columns}, kind, source, port, device_local, received_at,
                              utc_offset, message)
SELECT DISTINCT ON ({key}, kind) {columns}, kind, source, port, device_local, received_at,
       utc_offset, message
FROM spontaneous_message
WHERE received_at BETWEEN to_timestamp(%s) AND to_timestamp(%s)
  AND xmin = pg_current_xact_id()::xid AND {which}
ORDER BY {key}, kind, received_at DESC, id DESC
ON CONFLICT ({key}, kind) DO UPDATE SET {moved} source = excluded.source, port = excluded.port,
    device_local = excluded.device_local, received_at = excluded.received_at,
    utc_offset = excluded.utc_offset, message = excluded.message
WHERE known.received_at <= excluded.received_at
"""
_LAST_OF_EACH = (
    _LAST.format(
        table="last_concentrator_message",
        columns="concentrator_id",
        key="concentrator_id",
        which="meter_id IS NULL",
        moved="",
    ),
    _LAST.format(
        table="last_meter_message",
        columns="meter_id, concentrator_id",
        key="meter_id",
        which="meter_id IS NOT NULL",
        moved="concentrator_id = excluded.concentrator_id,",
    ),
)


def keep_last(cursor: CursorWrapper, known: Sequence[Known]) -> None:
    """The last message of each device and type, for the reports (000 3.3.1); after `keep`."""
    receipts = [one.arrived.received for one in known]
    margin = 0.001  # instants lose less than that on their way through floating point
    for statement in _LAST_OF_EACH if known else ():
        cursor.execute(statement, [min(receipts) - margin, max(receipts) + margin])
