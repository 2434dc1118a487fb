"""A PostgreSQL dialect without a server: what needs no connection works, the rest says why not."""

from typing import NoReturn

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql import base

HINT = (
    "No database is configured. Either run `hes demo`, which brings its own PostgreSQL, "
    "or set DATABASE_URL (for example postgres://hes_app:password@host/hes)."
)


class NoDatabaseError(OperationalError):
    """DATABASE_URL is not set."""


class DatabaseWrapper(base.DatabaseWrapper):
    """Raises NoDatabaseError with the two remedies as soon as a connection is needed."""

    def get_new_connection(self, conn_params: object) -> NoReturn:
        raise NoDatabaseError(HINT)


def refuse_without(database: BaseDatabaseWrapper) -> None:
    """Raise NoDatabaseError at start, for processes that would wait for their database for ever."""
    if isinstance(database, DatabaseWrapper):
        raise NoDatabaseError(HINT)
