"""The rows of one import in temporary tables, checked and written by set-based statements.

`import_row` holds the parsed fields (keys sealed under a key that lives as long as the run),
`import_fault` every fault found. Both are gone with the transaction.
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
    """One import inside its transaction. `at` is when links begin or end."""

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


class Staging:
    """Makes the temporary tables of a run and fills them chunk by chunk, in constant memory."""

    def __init__(
        self, run: Run, columns: Sequence[Column], extra: Sequence[str], pair: Sequence[str]
    ) -> None:
        self._run, self._columns, self._pair = run, columns, pair
        self._fingerprints = PairFingerprints() if pair else None
        self._names = ["line", "raw", "pair", *(column.field for column in columns)]
        fields = ", ".join([*(f"{column.field} {column.sql}" for column in columns), *extra])
        run.execute(
            "DROP TABLE IF EXISTS pg_temp.import_row, pg_temp.import_fault;"
            f"CREATE TEMP TABLE import_row (line int, raw text, pair bytea, {fields},"
            " is_changed bool NOT NULL DEFAULT false) ON COMMIT DROP;"
            "CREATE TEMP TABLE import_fault (line int, col text, value text, problem text,"
            " advice text, once bool NOT NULL DEFAULT false) ON COMMIT DROP"
        )

    def fill(self, rows: Iterable[Row], parsed: frozenset[str]) -> Iterator[int]:
        """Store rows; only columns named in `parsed` are read. Yields the rows of each chunk."""
        rest = iter(rows)
        while chunk := list(islice(rest, CHUNK)):
            faults: list[_FaultRow] = []
            staged = (self._staged(row, parsed, faults) for row in chunk)
            with connection.wrap_database_errors:
                copy_rows(self._run.cursor, "import_row", self._names, staged)
                copy_rows(self._run.cursor, "import_fault", _FAULT_COLUMNS, faults)
            yield len(chunk)
        self._run.execute("ANALYZE import_row")

    def _staged(
        self, row: Row, parsed: frozenset[str], faults: list[_FaultRow]
    ) -> Sequence[object]:
        if row.fault:
            faults.append((row.line, "", "", row.fault.problem, row.fault.advice))
            raw = "" if self._has_secrets else UNIT.join(row.fields)
            return (row.line, raw, None, *([None] * len(self._columns)))
        values = {
            column.field: self._value(row.line, column, text, faults)
            for column, text in zip(self._columns, row.fields, strict=True)
            if column.field in parsed
        }
        stored = (self._stored(row.line, column, values) for column in self._columns)
        return (row.line, self._raw(row), self._fingerprint(values), *stored)

    def _stored(self, line: int, column: Column, values: Mapping[str, object]) -> object:
        value = values.get(column.field)
        if column.is_secret and isinstance(value, bytes):
            return self._run.seal(line, column.field, value)
        return value

    def _fingerprint(self, values: Mapping[str, object]) -> bytes | None:
        pair = [value for name in self._pair if isinstance(value := values.get(name), bytes)]
        if self._fingerprints is None or len(pair) != len(self._pair):
            return None
        return self._fingerprints.of(*pair)

    @property
    def _has_secrets(self) -> bool:
        return any(column.is_secret for column in self._columns)

    def _raw(self, row: Row) -> str:
        headers = dict.fromkeys(column.header for column in self._columns)
        fields = zip(self._columns, row.fields, strict=True)
        visible = {column.header: "" if column.is_secret else text for column, text in fields}
        return UNIT.join(visible[header] for header in headers)

    def _value(self, line: int, column: Column, text: str, faults: list[_FaultRow]) -> object:
        try:
            return column.parse(text)
        except BadValue as fault:
            told = "" if column.is_secret else shown(text)
            faults.append((line, column.header, told, shown(fault.problem, 200), fault.advice))
            return None


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
