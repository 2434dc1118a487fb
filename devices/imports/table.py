"""Templates whose rows are rows of one table: found by their key, inserted, updated, deleted."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.db import connection
from django.db.models import Field, Model
from django.utils import timezone

from devices.imports.report import Counts, Operation
from devices.imports.secret_rows import store_secrets
from devices.imports.staging import Reference, Run
from devices.imports.template import Template

TARGET = "target_id"


class TableTemplate(Template):
    """A template over one table.

    `values` maps table columns to SQL over the staged row `s`; `fixed` the same for columns that
    only a creation sets. `uses` maps what keeps a row from being deleted, said to the operator, to
    an SQL condition over `s`.
    """

    model: ClassVar[type[Model]]
    label: ClassVar[str]
    key: ClassVar[str]  # staging column
    key_column: ClassVar[str]  # table column
    values: ClassVar[Mapping[str, str]]
    fixed: ClassVar[Mapping[str, str]] = {}
    uses: ClassVar[Mapping[str, str]]
    use_advice: ClassVar[str]
    other_unique: ClassVar[Mapping[str, str]] = {}  # further staging column -> unique table column
    is_global: ClassVar[bool] = False  # the key is unique over all companies

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    def named(self) -> tuple[Reference, ...]:
        """Names in the row, beside its own key."""
        return ()

    def references(self, operation: Operation) -> tuple[Reference, ...]:
        if operation is Operation.CREATE:
            return self.named()
        advice = "check the spelling, or import it with operation create"
        own = Reference(self.key, self.table, self.key_column, TARGET, self.label, advice)
        return (own, *self.named()) if operation is Operation.CHANGE else (own,)

    def staged(self, operation: Operation) -> tuple[str, ...]:
        """A row to be created gets its id while it is staged: its keys are sealed to that id."""
        columns = super().staged(operation)
        if operation is Operation.CREATE:
            return (f"{TARGET} bigint DEFAULT nextval('{self.table}_id_seq')", *columns)
        return columns

    def check(self, run: Run) -> None:
        if run.operation is Operation.DELETE:
            for use, condition in self.uses.items():
                source = f"WHERE s.{TARGET} IS NOT NULL AND {condition}"
                run.refuse(self.column(self.key), f"'{use}'", self.use_advice, source)
            return
        if run.operation is Operation.CREATE:
            advice = "use operation change, or take the row out"
            self._refuse_taken(run, self.key, self.key_column, "exists already", advice)
        for name, column in self.other_unique.items():
            self._refuse_taken(run, name, column, "is in use", "check it against the device")
        self.check_values(run)

    def check_values(self, run: Run) -> None:
        """Further checks of rows that are created or changed."""

    def _refuse_taken(self, run: Run, name: str, column: str, problem: str, advice: str) -> None:
        own = "t.company_id = %(company)s"
        other = f"JOIN {self.table} t ON t.{column} = s.{name} AND t.id IS DISTINCT FROM s.{TARGET}"
        run.refuse(self.column(name), f"'{problem}'", advice, f"{other} AND {own}")
        run.refuse(
            self.column(name),
            "'is in use elsewhere'",
            "check it against the device",
            f"{other} AND NOT {own} AND {self.is_global}",
        )

    def write(self, run: Run) -> Counts:
        if run.operation is Operation.DELETE:
            return Counts(deleted=self.delete(run))
        if run.operation is Operation.CREATE:
            return Counts(created=self.create(run))
        return self.change(run)

    def create(self, run: Run) -> int:
        """Insert the staged rows; columns the template does not know get the model's defaults."""
        given = {
            "id": f"s.{TARGET}",
            "company_id": "%(company)s",
            self.key_column: f"s.{self.key}",
            **self.values,
            **self.fixed,
        }
        defaults = _defaults(self.model, given.keys())
        sql = given | {column: f"%({column})s" for column in defaults}
        made = run.execute(
            f"INSERT INTO {self.table} ({', '.join(sql)})"
            f" SELECT {', '.join(sql.values())} FROM import_row s ORDER BY s.line",
            **defaults,
        )
        store_secrets(run, self)
        return made

    def change(self, run: Run) -> Counts:
        """Update the rows that differ; the others stay untouched, even their time stamp."""
        columns, new = ", ".join(self.values), ", ".join(self.values.values())
        old = ", ".join(f"t.{column}" for column in self.values)
        touched = "".join(f", {column} = now()" for column in _time_stamps(self.model))
        run.execute(
            f"WITH done AS (UPDATE {self.table} t SET ({columns}) = ROW({new}){touched}"
            f" FROM import_row s WHERE t.id = s.{TARGET} AND ROW({old}) IS DISTINCT FROM ROW({new})"
            " RETURNING t.id)"
            f" UPDATE import_row SET is_changed = true FROM done WHERE {TARGET} = done.id",
        )
        store_secrets(run, self)
        run.execute("SELECT count(*) FILTER (WHERE is_changed), count(*) FROM import_row")
        changed, rows = run.cursor.fetchone() or (0, 0)
        return Counts(changed=changed, unchanged=rows - changed)

    def delete(self, run: Run) -> int:
        """Delete the staged rows."""
        return run.execute(f"DELETE FROM {self.table} t USING import_row s WHERE t.id = s.{TARGET}")


def _columns(model: type[Model]) -> "dict[str, Field[Any, Any]]":
    return {field.column: field for field in model._meta.concrete_fields if field.column}


def _defaults(model: type[Model], given: Collection[str]) -> dict[str, object]:
    """Column -> what the model would store in the columns that are not given."""
    now = timezone.now()
    return {
        column: now
        if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
        else field.get_db_prep_save(field.get_default(), connection)
        for column, field in _columns(model).items()
        if column not in given
    }


def _time_stamps(model: type[Model]) -> list[str]:
    fields = _columns(model).items()
    return [column for column, field in fields if getattr(field, "auto_now", False)]
