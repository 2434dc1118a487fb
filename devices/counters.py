"""Invocation counters of GCM operations: one value once per key, ever (companion profile 2).

A block is committed as taken before its first value is used; a crash skips values, never reuses.
"""

import logging
from collections.abc import Sequence

from django.db import connection, transaction

from devices.choices import Holder
from hes.domain.errors import HesError

BLOCK = 1_000
LIMIT = 2**32
logger = logging.getLogger("hes.audit")


class CounterExhausted(HesError):
    """A block, or the whole life of a key, has no value left."""


class NoKey(HesError):
    """Devices without an active encryption key: there is nothing to count for."""


class CounterBlock:
    """Values taken for one device; `server_last` is the highest the device has used, -1 if none."""

    __slots__ = ("_end", "_next", "server_last", "version")

    def __init__(self, first: int, count: int, version: int, server_last: int) -> None:
        self._next, self._end = first, first + count
        self.version, self.server_last = version, server_last

    def next(self) -> int:
        """A value that was never given before; raises CounterExhausted after the last."""
        if self._next >= self._end:
            raise CounterExhausted("the block of invocation counters is used up - reserve another")
        self._next += 1
        return self._next - 1

    @property
    def left(self) -> int:
        """How many values `next` still gives."""
        return self._end - self._next


_KEY_OF = """
SELECT holder, holder_id, version FROM device_secret
WHERE holder = %(holder)s AND holder_id = ANY(%(ids)s)
  AND role = 'encryption' AND state = 'active'
"""

_RESERVE = f"""
INSERT INTO invocation_counter AS c (holder, holder_id, version, next_free, server_last)
SELECT holder, holder_id, version, %(count)s, -1 FROM ({_KEY_OF} ORDER BY holder_id) AS key
ON CONFLICT (holder, holder_id, version) DO UPDATE SET next_free = c.next_free + %(count)s
RETURNING holder_id, next_free - %(count)s, version, server_last
"""

_RAISE = f"""
INSERT INTO invocation_counter AS c (holder, holder_id, version, next_free, server_last)
SELECT holder, holder_id, version, %(value)s, -1 FROM ({_KEY_OF}) AS key
ON CONFLICT (holder, holder_id, version)
DO UPDATE SET next_free = greatest(c.next_free, %(value)s)
"""

_NOTE = f"""
UPDATE invocation_counter c SET server_last = %(value)s FROM ({_KEY_OF}) AS key
WHERE (c.holder, c.holder_id, c.version) = (key.holder, key.holder_id, key.version)
  AND c.server_last < %(value)s
"""


def reserve(holder: Holder, ids: Sequence[int], count: int = BLOCK) -> dict[int, CounterBlock]:
    """Take `count` values for each device by one committed statement; rows are made if missing.

    Raises NoKey, CounterExhausted (change the key), and RuntimeError inside another transaction,
    whose roll-back would give the values a second time.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_RESERVE, {"holder": holder, "ids": list(ids), "count": count})
        blocks = {
            pk: CounterBlock(first, count, version, server_last)
            for pk, first, version, server_last in _living(holder, cursor.fetchall(), count)
        }
        if missing := sorted(set(ids) - blocks.keys()):
            raise NoKey(f"{holder} {missing[:10]} without an active encryption key - import one")
    return blocks


def _living(
    holder: Holder, rows: list[tuple[int, int, int, int]], count: int
) -> list[tuple[int, int, int, int]]:
    if ended := sorted(pk for pk, first, _, _ in rows if first + count > LIMIT):
        raise CounterExhausted(f"{holder} {ended[:10]}: the key is used up - change it")
    return rows


def note_server_counter(holder: Holder, holder_id: int, value: int) -> None:
    """Remember the highest counter a device has used under its active key; it only rises."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, {"holder": holder, "ids": [holder_id], "value": value})


def raise_to(holder: Holder, holder_id: int, value: int) -> None:
    """Continue at `value` or later: recovery after a device refused our counter (rule e)."""
    if not 0 <= value < LIMIT:
        raise ValueError("an invocation counter has 32 bits")
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_RAISE, {"holder": holder, "ids": [holder_id], "value": value})
    logger.warning(
        "invocation counter of %s %d raised after its device refused it", holder, holder_id
    )
