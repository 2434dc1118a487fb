"""Puts blocks into the database from sessions of their own, so that transactions can interleave."""

import os
import zlib
from contextlib import closing, contextmanager

import psycopg2

from devices.outbox.layouts import HEADERS

INSERT = """
INSERT INTO export_block
    (kind, company_id, day, lines, size, is_compressed, body, devices, line_starts)
VALUES (%s, %s, %s, %s, %s, %s, %s, '{1}', '{0}') RETURNING xid::text::bigint, id
"""
HEADER = f"{HEADERS['S']}\n"


@contextmanager
def session():
    """A database session as hes_app; it commits when told to.

    The server ends a session later than its client: locks and snapshot are given back before.
    """
    with closing(psycopg2.connect(os.environ["DATABASE_URL"])) as connection:
        yield connection
        connection.rollback()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_all()")


def insert(connection, company, day, text, kind="S"):
    """Add one block to the session's open transaction; returns its (xid, id)."""
    body = text.encode()
    is_compressed = len(body) > 1024
    stored = zlib.compress(body, 1) if is_compressed else body
    values = [kind, company.pk, day, text.count("\n"), len(body), is_compressed, stored]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, values)
        return cursor.fetchone()


def store(company, day, *texts, kind="S"):
    """Commit each text as a block in a transaction of its own."""
    with session() as connection:
        for text in texts:
            insert(connection, company, day, text, kind)
            connection.commit()


def lines(first, count=1):
    """Numbered sample lines."""
    return "".join(
        f"{number:011d};POD;1;0;0.0.2;2026-06-10\n" for number in range(first, first + count)
    )
