"""A database session that ends within a recording is an outage, whatever statement meets it."""

import os
from contextlib import closing

import psycopg2
import pytest
from django.db import InterfaceError, OperationalError, connection

from devices.outbox.blocks import Blocks
from devices.recording.work import recording
from tests.factories.fleets import no_fence


def _cut(pid: int) -> None:
    with closing(psycopg2.connect(os.environ["DATABASE_URL"])) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def _record_beyond_the_end() -> None:
    with recording(no_fence) as (cursor, moment):
        blocks = Blocks(1, 1)
        blocks.add("LPE", 0, 1, "a;b;c;d;e;f;g;h;i;j\n")
        assert connection.connection is not None
        _cut(connection.connection.info.backend_pid)
        blocks.store(cursor, moment.date())


@pytest.mark.django_db(transaction=True)
def test_a_copy_that_meets_the_end_of_its_session_is_told_as_an_outage() -> None:
    with pytest.raises((OperationalError, InterfaceError)):
        _record_beyond_the_end()
    connection.close()
