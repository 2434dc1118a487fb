"""A PostgreSQL dialect without a server: what needs no connection works, the rest says what to do."""

from typing import NoReturn

from django.db import OperationalError
from django.db.backends.postgresql import base

HINT = (
    "No database is configured. Either run `hes demo`, which brings its own PostgreSQL, "
    "or set DATABASE_URL (for example postgres://hes_app:password@host/hes)."
)


class DatabaseWrapper(base.DatabaseWrapper):
    """Raises OperationalError with the two remedies as soon as a connection is needed."""

    def get_new_connection(self, conn_params: object) -> NoReturn:
        raise OperationalError(HINT)
