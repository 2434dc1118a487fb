"""The slot ledger: each sample slot of a meter leaves once, and once more if bad became good (D12).

A row covers (UTC day, meter, kind, group) with 384 bits; bit n is the n-th from the right. How a
kind lays its slots out is append-only, because the rows are kept:

S   group channel // 4, bit (channel % 4) * 96 + slot - 1
M   group register code, bit (value type - 1) * 96 + slot - 1
DC  group 0, bit (position of the closure type in CLOSURE_TYPES) * 96 + slot - 1
VV  group 0, bit slot - 1
VI  several interruptions may end in one quarter, so its slots are minutes of the UTC day:
    group phase * 4 + minute // 384, bit minute % 384

Slot k (1..96) of a UTC day ends at k x 15 min; 00:00 belongs to the day before.
"""

from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from django.db.backends.utils import CursorWrapper

from hes.domain.time import DAY, slot_of
from hes.lib.arrays import bit_strings, numbers

WIDTH = 384
SLOTS = 96
CHANNELS = WIDTH // SLOTS
SLOT_MINUTES = 15
CLOSURE_TYPES = (8, 10, 9, 11)  # append only


class Kind(IntEnum):
    """Kinds that have slots; numbers are stored, names are the export kinds."""

    S = 1
    M = 2
    DC = 3
    VV = 4
    VI = 5


class Key(NamedTuple):
    """One row of the ledger; `day` is counted from 1970-01-01."""

    day: int
    meter_id: int
    kind: int
    group: int


@lru_cache(maxsize=4096)
def quarters(channel: int, slot: int, count: int = 1, period: int = SLOT_MINUTES) -> int:
    """The bits of `count` intervals of one day and channel; the first ends in `slot`."""
    first = channel % CHANNELS * SLOTS + slot - 1
    if period == SLOT_MINUTES:
        return ((1 << count) - 1) << first
    step = period // SLOT_MINUTES
    return sum(1 << first + step * index for index in range(count))


def minute(phase: int, end: int) -> tuple[int, int, int]:
    """(day, group, bits) of an interruption of `phase` that ended at `end`."""
    day, _ = slot_of(end)
    part, bit = divmod((end - 1) % DAY // 60, WIDTH)
    return day, phase * 4 + part, 1 << bit


def positions(mask: int) -> Iterator[int]:
    """The set bits of a mask, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


NEW = "(excluded.bits & ~ledger.bits) | (excluded.good & ~ledger.good)"
# Rows lock in key order, so two writers wait for each other and never deadlock. Where nothing is
# new the row is locked and left as it is: a repeated collection writes nothing.
_DECIDE = f"""
INSERT INTO slot_ledger AS ledger (day, meter_id, kind, grp, bits, good, fresh)
SELECT DATE '1970-01-01' + day, meter_id, kind, grp, bits, good, bits
  FROM unnest(%s::int[], %s::bigint[], %s::smallint[], %s::smallint[],
              %s::bit({WIDTH})[], %s::bit({WIDTH})[])
       AS asked (day, meter_id, kind, grp, bits, good)
 ORDER BY day, meter_id, kind, grp
    ON CONFLICT (day, meter_id, kind, grp) DO UPDATE
   SET fresh = {NEW}, bits = ledger.bits | excluded.bits, good = ledger.good | excluded.good
 WHERE ({NEW}) <> 0::bit({WIDTH})
RETURNING day - DATE '1970-01-01', meter_id, kind, grp, fresh::text
"""

_GIVE_BACK = f"""
UPDATE slot_ledger SET bits = bits & ~%s::bit({WIDTH}), good = good & ~%s::bit({WIDTH})
 WHERE day = DATE '1970-01-01' + %s AND (meter_id, kind, grp) = (%s, %s, %s)
"""


class SlotLedger:
    """The slots of one transaction: ask for all, decide once, then take what may leave."""

    def __init__(self) -> None:
        self._asked: dict[Key, int] = {}
        self._good: dict[Key, int] = {}
        self._fresh: dict[Key, int] = {}

    def ask(self, key: Key, bits: int, is_good: bool) -> None:
        """Say that these slots have values."""
        self._asked[key] = self._asked.get(key, 0) | bits
        if is_good:
            self._good[key] = self._good.get(key, 0) | bits

    def decide(self, cursor: CursorWrapper) -> None:
        """Let the database say which of the asked slots are new; one statement."""
        if not self._asked:
            return
        keys = sorted(self._asked)
        columns = [numbers(column) for column in zip(*keys, strict=True)]
        bits = bit_strings([self._asked[key] for key in keys], WIDTH)
        good = bit_strings([self._good.get(key, 0) for key in keys], WIDTH)
        cursor.execute(_DECIDE, [*columns, bits, good])
        self._fresh = {Key(*key): int(fresh, 2) for *key, fresh in cursor.fetchall()}

    def take(self, key: Key, bits: int, is_good: bool) -> int:
        """Which of these slots leave now; nobody gets them again.

        Where one batch holds a bad and a good value of a slot, the good one leaves.
        """
        good = self._good.get(key, 0)
        mine = self._fresh.get(key, 0) & bits & (good if is_good else ~good)
        if mine:
            self._fresh[key] ^= mine
        return mine

    def give_back(self, cursor: CursorWrapper, key: Key, bits: int) -> None:
        """What was taken did not leave after all: it is new again the next time it is read."""
        mask = f"x{bits:0{WIDTH // 4}x}"
        cursor.execute(_GIVE_BACK, [mask, mask, *key])
