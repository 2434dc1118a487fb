"""What visits record beside orders, in memory: nrn, cycles and the slot ledger.

The rules are the product's own. Where they are SQL (the SET list of nrn, what of a slot is new)
SQLite evaluates them; a cursor of ours stands for the statements around them.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence

from devices.outbox import slots
from devices.outbox.slots import Key, Kind, SlotLedger, quarters
from devices.reachability import Outcome, assignments
from devices.recording.cycles import Progress, advance
from tests.factories.order_field import Violation

MAXIMUM = 3  # missed contacts
SLOTS_OF_A_DAY = 48  # SQLite has 64 bits
READER = "load_profile"

_TABLES = """
CREATE TABLE device (name TEXT PRIMARY KEY, missed_contacts INT DEFAULT 0,
    is_reachable INT DEFAULT 1, flipped INT DEFAULT 0);
CREATE TABLE slot_ledger (day INT, meter INT, bits INT, good INT, fresh INT,
    PRIMARY KEY (day, meter));
"""
_CONTACT = f"""
UPDATE device AS known SET {assignments("known", "?1", str(MAXIMUM))} WHERE name = ?2
RETURNING missed_contacts, is_reachable, flipped
"""
_DECIDE = f"""
INSERT INTO slot_ledger AS ledger VALUES (?1, ?2, ?3, ?4, ?3)
    ON CONFLICT (day, meter) DO UPDATE SET fresh = {slots.NEW},
        bits = ledger.bits | excluded.bits, good = ledger.good | excluded.good
    WHERE ({slots.NEW}) <> 0
RETURNING fresh
"""


class Records:
    """Each method is one transaction, or a part of one. A rule that is broken is a Violation."""

    def __init__(self) -> None:
        self._memory = sqlite3.connect(":memory:", isolation_level=None)
        self._memory.executescript(_TABLES)
        self._last: dict[str, int] = {}
        self._cycles = _Cycles()
        self.left: dict[tuple[int, int], list[bool]] = {}
        self.flips: Counter[int] = Counter()

    def contact(self, device: str, outcome: Outcome) -> int:
        """One contact by the rule of nrn; returns the misses there are now."""
        self._memory.execute("INSERT OR IGNORE INTO device (name) VALUES (?)", [device])
        [row] = self._memory.execute(_CONTACT, [outcome, device]).fetchall()
        missed, is_reachable, flipped = row
        if is_reachable != (missed <= MAXIMUM):
            raise Violation(f"{device} missed {missed} and is reachable: {is_reachable}")
        if flipped:
            self._note_flip(device, flipped)
        return missed

    def _note_flip(self, device: str, flipped: int) -> None:
        if self._last.get(device, 1) == flipped:
            raise Violation(f"{device} flipped to {flipped} twice")
        self._last[device] = flipped
        self.flips[flipped] += 1

    def recorded(self, lane: int) -> int:
        """The last cycle of a concentrator that is recorded."""
        return self._cycles.known.get(lane, 0)

    def advance(self, lane: int, finished: int) -> bool:
        """Whether the cycles up to `finished` are new."""
        return advance(self._cycles, lane, READER, finished) is Progress.FORWARD

    def samples(self, meter: int, rows: dict[int, bool], *, asks_ledger: bool) -> None:
        """The samples of some cycles, good ones or bad ones, of which some leave."""
        ledger, wanted = SlotLedger(), []
        for cycle, is_good in rows.items():
            day, slot = divmod(cycle - 1, SLOTS_OF_A_DAY)
            wanted.append((cycle, Key(day, meter, Kind.S, 0), quarters(0, slot + 1), is_good))
            ledger.ask(*wanted[-1][1:])
        ledger.decide(_Ledger(self._memory))
        for cycle, key, bits, is_good in wanted:
            if ledger.take(key, bits, is_good) or not asks_ledger:
                self._leave(meter, cycle, is_good)

    def _leave(self, meter: int, cycle: int, is_good: bool) -> None:
        before = self.left.setdefault((meter, cycle), [])
        if before and (len(before) > 1 or before[0] or not is_good):
            raise Violation(f"cycle {cycle} of meter {meter} leaves again after {before}")
        before.append(is_good)


class _Cycles:
    """Stands for the cursor of `recording.cycles.advance`."""

    def __init__(self) -> None:
        self.known: dict[int, int] = {}
        self._found: tuple[int] | None = None

    def execute(self, statement: str, values: Sequence[int]) -> None:
        if statement.startswith("SELECT"):
            self._found = (self.known[values[0]],) if values[0] in self.known else None
        else:
            self.known[values[0]] = values[2]

    def fetchone(self) -> tuple[int] | None:
        return self._found


class _Ledger:
    """Stands for the cursor of `SlotLedger.decide`: its arrays, row by row."""

    def __init__(self, memory: sqlite3.Connection) -> None:
        self._memory = memory
        self._found: list[tuple[int, int, int, int, str]] = []

    def execute(self, _: str, columns: Sequence[str]) -> None:
        rows = zip(*(column.strip("{}").split(",") for column in columns), strict=True)
        for day, meter, kind, group, bits, good in rows:
            values = [int(day), int(meter), int(bits[1:], 16), int(good[1:], 16)]
            for (fresh,) in self._memory.execute(_DECIDE, values).fetchall():
                self._found.append((*values[:2], int(kind), int(group), f"{fresh:b}"))

    def fetchall(self) -> list[tuple[int, int, int, int, str]]:
        return self._found
