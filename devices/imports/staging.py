"""The rows of one import in temporary tables, checked and written by set-based statements.

`import_row` holds the parsed fields (keys sealed under a key that lives as long as the run),
`import_fault` every fault found. Both are seen by this connection only and go with `forget`, with
the next import, or with the connection.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from devices.choices import DiscoverySource
from devices.imports.columns import Column
from devices.imports.reading import Row
from devices.imports.report import LISTED, Fault, Operation, shown
from devices.keys import PairFingerprints
from hes.domain.errors import BadValue
from hes.lib.copy_rows import copy_rows
from hes.lib.crypto import SealingKey, random_key

CHUNK = 10_000
UNIT = "\x1f"  # between the raw fields of a row: no accepted field holds it
_FAULT_COLUMNS = ("line", "col", "value", "problem", "advice")
_FaultRow = tuple[int, str, str, str, str]
_FORGET = "DROP TABLE IF EXISTS pg_temp.import_row, pg_temp.import_fault"


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that names something of the company: its id comes into staging column `into`."""

    column: str
    table: str
    key: str
    into: str
    label: str
    advice: str


@dataclass(frozen=True, slots=True)
class Run:
    """One import on its connection. `at` is when links begin or end."""

    cursor: CursorWrapper
    company_id: int
    operation: Operation
    at: datetime
    source: DiscoverySource = DiscoverySource.FILE
    key: SealingKey = field(default_factory=lambda: SealingKey(random_key()), repr=False)

    def execute(self, sql: str, **values: Any) -> int:
        """Run a statement with `company`, `at`, `source` and `values`; returns rows affected."""
        own: dict[str, Any] = {"company": self.company_id, "at": self.at, "source": self.source}
        self.cursor.execute(sql, own | values)
        return int(self.cursor.rowcount)

    def refuse(
        self, column: Column, problem: str, advice: str, source: str, *, once: bool = False
    ) -> None:
        """A fault for each row `s` that `source` (the SQL after FROM import_row s) finds.

        `problem` is an SQL expression; with `once`, equal faults are listed as one with a count.
        """
        self.execute(
            "INSERT INTO import_fault (line, col, value, problem, advice, once)"
            f" SELECT s.line, %(col)s, coalesce({column.shown}, ''), {problem}, %(advice)s,"
            f" %(once)s FROM import_row s {source}",
            **{"col": column.header, "advice": advice, "once": once},
        )

    def resolve(self, name: Reference) -> None:
        """Find the ids of what a column names, in one statement."""
        self.execute(
            f"UPDATE import_row s SET {name.into} = t.id FROM {name.table} t"
            f" WHERE t.{name.key} = s.{name.column} AND t.company_id = %(company)s"
        )

    def seal(self, line: int, column: str, value: bytes) -> bytes:
        """A secret as it may lie in the staging table."""
        return self.key.seal(value, f"{line}|{column}".encode())

    def open(self, line: int, column: str, sealed: bytes) -> bytes:
        """The secret of a staged row."""
        return self.key.open(sealed, f"{line}|{column}".encode())


def forget(run: Run) -> None:
    """Drop the temporary tables of a run."""
    run.execute(_FORGET)


class Staging:
    """Makes the temporary tables of a run and fills them chunk by chunk, in constant memory."""

    def __init__(
        self, run: Run, columns: Sequence[Column], extra: Sequence[str], pair: Sequence[str]
    ) -> None:
        self._run, self._columns, self._pair = run, columns, pair
        self._fingerprints = PairFingerprints() if pair else None
        self._fields = [column.field for column in columns]
        self._secrets = [column for column in columns if column.is_secret]
        self._shown = _shown_positions(columns)
        fields = ", ".join([*(f"{column.field} {column.sql}" for column in columns), *extra])
        run.execute(
            f"{_FORGET};"
            f"CREATE TEMP TABLE import_row (line int, raw text, pair bytea, {fields},"
            " is_changed bool NOT NULL DEFAULT false);"
            "CREATE TEMP TABLE import_fault (line int, col text, value text, problem text,"
            " advice text, once bool NOT NULL DEFAULT false)"
        )

    def fill(self, rows: Iterable[Row], parsed: frozenset[str]) -> Iterator[int]:
        """Store rows; only columns named in `parsed` are read. Yields the rows of each chunk."""
        rest = iter(rows)
        while chunk := list(islice(rest, CHUNK)):
            faults: list[_FaultRow] = []
            staged = (self._staged(row, parsed, faults) for row in chunk)
            with connection.wrap_database_errors:
                copy_rows(
                    self._run.cursor, "import_row", ["line", "raw", "pair", *self._fields], staged
                )
                copy_rows(self._run.cursor, "import_fault", _FAULT_COLUMNS, faults)
            yield len(chunk)
        self._run.execute("ANALYZE import_row")

    def _staged(
        self, row: Row, parsed: frozenset[str], faults: list[_FaultRow]
    ) -> Sequence[object]:
        if row.fault:
            faults.append((row.line, "", "", row.fault.problem, row.fault.advice))
            raw = "" if None in self._shown else UNIT.join(row.fields)
            return (row.line, raw, None, *([None] * len(self._columns)))
        raw = UNIT.join(["" if place is None else row.fields[place] for place in self._shown])
        values = {
            name: self._value(row.line, column, text, faults) if name in parsed else None
            for name, column, text in zip(self._fields, self._columns, row.fields, strict=True)
        }
        fingerprint = self._fingerprint(values)
        for column in self._secrets:
            self._seal(row.line, column.field, values)
        return (row.line, raw, fingerprint, *values.values())

    def _seal(self, line: int, name: str, values: dict[str, object]) -> None:
        if isinstance(clear := values[name], bytes):
            values[name] = self._run.seal(line, name, clear)

    def _fingerprint(self, values: Mapping[str, object]) -> bytes | None:
        pair = [value for name in self._pair if isinstance(value := values.get(name), bytes)]
        if self._fingerprints is None or len(pair) != len(self._pair):
            return None
        return self._fingerprints.of(*pair)

    def _value(self, line: int, column: Column, text: str, faults: list[_FaultRow]) -> object:
        try:
            return column.parse(text)
        except BadValue as fault:
            told = "" if column.is_secret else shown(text)
            faults.append((line, column.header, told, shown(fault.problem, 200), fault.advice))
            return None


def _shown_positions(columns: Sequence[Column]) -> list[int | None]:
    """Of each header the position of its field, None for secrets: what a rejected row may show."""
    places = {column.header: number for number, column in enumerate(columns)}
    secret = {column.header for column in columns if column.is_secret}
    return [None if header in secret else place for header, place in places.items()]


_LIST = f"""
SELECT min(line), col, value, problem, advice, count(*), count(*) OVER ()
FROM import_fault
GROUP BY CASE WHEN once THEN 0 ELSE line END, col, value, problem, advice
ORDER BY 1, 2 LIMIT {LISTED}
"""


def faults_of(run: Run) -> tuple[tuple[Fault, ...], int]:
    """The listed faults in order of line, and how many more there are."""
    run.execute(_LIST)
    rows = run.cursor.fetchall()
    total = rows[0][-1] if rows else 0
    faults = tuple(
        Fault(line, column, shown(value), shown(problem, 200), advice, count)
        for line, column, value, problem, advice, count, _ in rows
    )
    return faults, total - len(faults)


def reject(run: Run) -> int:
    """Take the rows with faults out of the staging table; returns how many they were."""
    return run.execute(
        "DELETE FROM import_row s USING (SELECT DISTINCT line FROM import_fault) f"
        " WHERE f.line = s.line"
    )
