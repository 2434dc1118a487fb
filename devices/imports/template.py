"""What every template does: columns, names to resolve, checks, and writes by whole sets."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from devices.choices import Holder, SecretRole
from devices.imports.columns import Column
from devices.imports.report import Counts, Operation
from devices.imports.staging import Reference, Run


class Template(ABC):
    """One kind of provisioning file (002). Subclasses say what a row means."""

    number: ClassVar[str]
    name: ClassVar[str]
    columns: ClassVar[tuple[Column, ...]]
    unique: ClassVar[tuple[str, ...]]  # staging columns that stand once in a file
    identity: ClassVar[tuple[str, ...]]  # staging columns a deletion reads
    export_sql: ClassVar[str]  # one SELECT in column order for %(company)s
    holder: ClassVar[Holder | None] = None  # what the secrets of a row belong to
    pair: ClassVar[tuple[str, ...]] = ()  # the two columns of a key pair no other device may hold

    def references(self, operation: Operation) -> tuple[Reference, ...]:
        """The names that must be known for an operation."""
        return ()

    def staged(self, operation: Operation) -> tuple[str, ...]:
        """Definitions of further staging columns."""
        return tuple(f"{reference.into} bigint" for reference in self.references(operation))

    def prepare(self, run: Run) -> None:  # noqa: B027 - most templates need nothing made
        """Make what must exist before the rows are checked."""

    @abstractmethod
    def check(self, run: Run) -> None:
        """Store a fault for every row that cannot be written."""

    @abstractmethod
    def write(self, run: Run) -> Counts:
        """Write all rows that are still staged."""

    def secrets(self, serial: str, opened: Mapping[str, bytes]) -> dict[SecretRole, bytes]:
        """What the secret columns of one row, those that were given, mean for the device."""
        return {}

    def column(self, name: str) -> Column:
        """A column by its staging name."""
        return next(column for column in self.columns if column.field == name)

    def parsed(self, operation: Operation) -> frozenset[str]:
        """The staging columns an operation reads: a deletion only what names the thing."""
        if operation is Operation.DELETE:
            return frozenset(self.identity)
        return frozenset(column.field for column in self.columns)

    def resolve(self, run: Run) -> None:
        """Find the ids of all names, one statement per column; unknown names are listed once."""
        for reference in self.references(run.operation):
            run.resolve(reference)
            run.refuse(
                self.column(reference.column),
                f"'is no known {reference.label}'",
                reference.advice,
                f"WHERE s.{reference.column} IS NOT NULL AND s.{reference.into} IS NULL",
                once=True,
            )

    def refuse_repetitions(self, run: Run) -> None:
        """What may stand once in a file and stands again: both lines are named."""
        for name in self.unique:
            self._refuse_repeated(run, name, self.column(name), "keep one of the lines")
        if self.pair:
            column = self.column(self.pair[0])
            self._refuse_repeated(run, "pair", column, "give every device its own key pair")

    def _refuse_repeated(self, run: Run, name: str, column: Column, advice: str) -> None:
        problem = (
            "'stands also in line ' || CASE s.line WHEN o.first THEN o.second ELSE o.first END"
        )
        run.refuse(column, problem, advice, _OTHERS.format(name=name))


_OTHERS = """
JOIN (SELECT {name}, min(line) AS first, (array_agg(line ORDER BY line))[2] AS second
      FROM import_row WHERE {name} IS NOT NULL GROUP BY {name} HAVING count(*) > 1) o
  ON o.{name} = s.{name}
"""
