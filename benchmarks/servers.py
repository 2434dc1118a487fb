"""A durable PostgreSQL of our own for one run, emptied after each benchmark."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class under a function's name

from hes.embedded import EmbeddedServers
from hes.lib.env import parse_database_url


@contextmanager
def servers(home: Path) -> Iterator[EmbeddedServers]:
    """PostgreSQL with fsync on, and Redis; their addresses are in our environment."""
    running = EmbeddedServers(home, durable=True)
    try:
        with running:
            os.environ |= running.environment | {"HES_ENV": "development", "HES_ROLE": "app"}
            _migrate()
            yield running
    finally:
        running.erase()


def setup() -> None:
    """Start Django. Late, and in every process: settings need the servers' addresses."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hes.settings")
    django.setup()
    logging.getLogger().setLevel(logging.WARNING)


@contextmanager
def empty_database() -> Iterator[None]:
    """The one database, emptied again: what a benchmark leaves behind does not slow the next."""
    try:
        yield
    finally:
        with owner_cursor() as cursor:
            cursor.execute(_TABLES)
            tables = ", ".join(name for (name,) in cursor.fetchall())
            cursor.execute(f"TRUNCATE {tables} CASCADE")


def truncate(*tables: str) -> None:
    """Empty some tables between two runs; only hes_owner may."""
    with owner_cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)}")


@contextmanager
def owner_cursor() -> Iterator[Cursor]:
    """An autocommit cursor as hes_owner."""
    url = parse_database_url(os.environ["OWNER_DATABASE_URL"])
    with closing(psycopg2.connect(host=url.host, user=url.user, dbname=url.name)) as owner:
        owner.autocommit = True
        with owner.cursor() as cursor:
            yield cursor


_TABLES = """
SELECT quote_ident(relname) FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
   AND relname NOT LIKE 'django\\_%' AND relname NOT IN ('auth_permission', 'partitioned_table')
"""


def _migrate() -> None:
    """As the owner, in a process of its own: this one stays hes_app."""
    argv = [sys.executable, "-m", "hes.cli", "migrate", "--verbosity", "0"]
    subprocess.run(argv, check=True)  # noqa: S603 - our own command
