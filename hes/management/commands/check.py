"""`hes check`: Django's checks, and those of the database wherever one answers."""

from typing import Any

from django.core.management.commands import check
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection


class Command(check.Command):
    """Django's own command would look into the database only when told `--database default`."""

    def handle(self, *app_labels: list[str], **options: Any) -> None:
        options["databases"] = options["databases"] or self._reachable()
        super().handle(*app_labels, **options)

    def _reachable(self) -> list[str]:
        """Settings are checked also where there is no database, or none that answers."""
        try:
            connection.ensure_connection()
        except OperationalError as fault:
            self.stderr.write(f"What stands in the database is not checked: {fault}")
            return []
        return [DEFAULT_DB_ALIAS]
