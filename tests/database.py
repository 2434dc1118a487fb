"""The test database: made and emptied by hes_owner, used by hes_app with no more than its rights.

Django would do both as the user of the tests, who would then need rights no process has.
"""

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import psycopg2
from django.core.management import call_command
from django.db import connection
from psycopg2.errors import InsufficientPrivilege

from devices.partitions import ensure_around
from hes.lib.env import parse_database_url

LEDGER_DAYS = 45
# Kept over tests that commit: migrations and post_migrate fill them once.
KEPT_TABLES = (
    "django_migrations", "django_content_type", "auth_permission", "partitioned_table",
)  # fmt: skip


def worker_database() -> str:
    """One database per xdist worker."""
    return f"test_hes_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


@contextmanager
def owner_cursor(database: str) -> Iterator["psycopg2.extensions.cursor"]:
    """An autocommit cursor as hes_owner; it gives up a lock after 10 s rather than hang."""
    url = parse_database_url(os.environ["OWNER_DATABASE_URL"])
    options = "-c lock_timeout=10s"
    with closing(
        psycopg2.connect(host=url.host, user=url.user, dbname=database, options=options)
    ) as owner:
        owner.autocommit = True
        with owner.cursor() as cursor:
            yield cursor


@contextmanager
def as_owner() -> Iterator[None]:
    """The connection of this thread as hes_owner, the role of `hes maintain`."""
    app = connection.settings_dict["USER"]
    connection.close()
    connection.settings_dict["USER"] = parse_database_url(os.environ["OWNER_DATABASE_URL"]).user
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["USER"] = app


def create() -> None:
    """Make the worker's database from the empty one (which carries the grants) and migrate it."""
    name = worker_database()
    with owner_cursor("postgres") as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE hes")
    connection.close()
    connection.settings_dict["NAME"] = name
    for variable in ("DATABASE_URL", "OWNER_DATABASE_URL"):  # for processes that tests start
        os.environ[variable] = os.environ[variable].replace("@/hes?", f"@/{name}?")
    _migrate_as_owner()
    ensure_around(datetime.now(UTC).date(), LEDGER_DAYS)


def drop() -> None:
    """Remove the worker's database, cutting whatever still uses it."""
    connection.close()
    with owner_cursor("postgres") as cursor:
        for patience in (True, True, False):
            try:
                cursor.execute(f"DROP DATABASE IF EXISTS {worker_database()} WITH (FORCE)")
            except InsufficientPrivilege:  # an autovacuum worker, which is nobody's to end
                if not patience:
                    raise
                time.sleep(1)
            else:
                return


def empty() -> None:
    """Truncate, as hes_owner, every table that holds a row (hes_app has no TRUNCATE)."""
    with owner_cursor(worker_database()) as cursor:
        cursor.execute(
            "SELECT quote_ident(relname) FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT relispartition AND relname <> ALL(%s)",
            [list(KEPT_TABLES)],
        )
        tables = [name for (name,) in cursor.fetchall()]
        probes = " UNION ALL ".join(
            f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables
        )
        cursor.execute(probes)
        if filled := [name for (name,) in cursor.fetchall()]:
            cursor.execute(f"TRUNCATE {', '.join(filled)} CASCADE")


def _migrate_as_owner() -> None:
    with as_owner():
        call_command("migrate", verbosity=0, interactive=False)
