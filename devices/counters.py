"""Invocation counters of GCM operations: one value once per key, ever (companion profile 2).

A block is committed as taken before its first value is used; a crash skips values, never reuses.
"""

import logging
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from devices.choices import Holder, KeyState
from hes.domain.errors import HesError

BLOCK = 1_000
LIMIT = 2**32
logger = logging.getLogger("hes.audit")


class CounterExhausted(HesError):
    """A block, or the whole life of a key, has no value left."""


class NoKey(HesError):
    """Devices without an encryption key in that state: there is nothing to count for."""


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


_RESERVE = """
INSERT INTO invocation_counter AS c (holder, holder_id, version, next_free, server_last)
SELECT holder, holder_id, version, %(count)s, -1 FROM (
    SELECT holder, holder_id, version FROM device_secret
    WHERE holder = %(holder)s AND holder_id = ANY(%(ids)s)
      AND role = 'encryption' AND state = %(state)s ORDER BY holder_id) AS key
ON CONFLICT (holder, holder_id, version) DO UPDATE SET next_free = c.next_free + %(count)s
RETURNING holder_id, next_free - %(count)s, version, server_last
"""

_MORE = """
UPDATE invocation_counter SET next_free = next_free + %(count)s
WHERE (holder, holder_id, version) = (%(holder)s, %(id)s, %(version)s)
RETURNING holder_id, next_free - %(count)s, version, server_last
"""

_RAISE = """
UPDATE invocation_counter SET next_free = greatest(next_free, %(value)s)
WHERE (holder, holder_id, version) = (%(holder)s, %(id)s, %(version)s)
"""

_NOTE = """
UPDATE invocation_counter SET server_last = %(value)s
WHERE (holder, holder_id, version) = (%(holder)s, %(id)s, %(version)s) AND server_last < %(value)s
"""


def reserve(
    holder: Holder,
    ids: Sequence[int],
    count: int = BLOCK,
    state: KeyState = KeyState.ACTIVE,
) -> dict[int, CounterBlock]:
    """Take `count` values for each device by one committed statement; rows are made if missing.

    They belong to the key that is in `state` now: compare the block's version with the key's.
    Raises NoKey, CounterExhausted (change the key), and RuntimeError inside another transaction,
    whose roll-back would give the values a second time.
    """
    values: dict[str, Any] = {"holder": holder, "ids": list(ids), "count": count, "state": state}
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_RESERVE, values)
        blocks = _blocks(holder, cursor.fetchall(), count)
        if missing := sorted(set(ids) - blocks.keys()):
            raise NoKey(f"{holder} {missing[:10]} without an {state} encryption key - import one")
    return blocks


def reserve_more(holder: Holder, holder_id: int, version: int, count: int = BLOCK) -> CounterBlock:
    """The next `count` values under a key that values were taken for before.

    By its version: a session goes on under its key though another one became active meanwhile.
    """
    values: dict[str, Any] = {"holder": holder, "id": holder_id, "version": version, "count": count}
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_MORE, values)
        return _blocks(holder, cursor.fetchall(), count)[holder_id]


def _blocks(
    holder: Holder, rows: list[tuple[int, int, int, int]], count: int
) -> dict[int, CounterBlock]:
    return {
        pk: CounterBlock(first, count, version, server_last)
        for pk, first, version, server_last in _living(holder, rows, count)
    }


def _living(
    holder: Holder, rows: list[tuple[int, int, int, int]], count: int
) -> list[tuple[int, int, int, int]]:
    if ended := sorted(pk for pk, first, _, _ in rows if first + count > LIMIT):
        raise CounterExhausted(f"{holder} {ended[:10]}: the key is used up - change it")
    return rows


def note_server_counter(holder: Holder, holder_id: int, version: int, value: int) -> None:
    """Remember the highest counter a device has used under a key; it only rises."""
    values: dict[str, Any] = {"holder": holder, "id": holder_id, "version": version, "value": value}
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, values)


def raise_to(holder: Holder, holder_id: int, version: int, value: int) -> None:
    """Continue at `value` or later: recovery after a device refused our counter (rule e)."""
    if not 0 <= value < LIMIT:
        raise ValueError("an invocation counter has 32 bits")
    values: dict[str, Any] = {"holder": holder, "id": holder_id, "version": version, "value": value}
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_RAISE, values)
    logger.warning(
        "invocation counter of %s %d raised after its device refused it", holder, holder_id
    )
