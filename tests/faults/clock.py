"""The clock of the database jumps by an hour, to and fro, while slow commands are under way.

A schema before pg_catalog on the search path holds clocks of our own: every statement of the
product calls them without a schema. What has a path of its own (partitions) or stands in column
defaults keeps the true clock. The hosts' own clocks are left alone, so lease and local deadline
run by different clocks, which is the point (reliability-security 3, F11).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from benchmarks.servers import owner_cursor
from tests.faults import audit
from tests.faults.nursery import nursery
from tests.faults.scenario import Course, Size
from tests.faults.world import world

FULL = Size(harms=60, orders=600, concentrators=20, meters=8)
SHORT = Size(harms=4, orders=40, concentrators=4, meters=4)
LOSSES, SLOW_LINE = 0.1, 0.2
HOURS = (-1, 0, 1)
LAST = 1  # what waits until a time of the foremost clock must not wait an hour of ours

_INSTALL = """
CREATE SCHEMA shifted;
CREATE TABLE shifted.clock AS SELECT interval '0' AS skew;
CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    $$ SELECT pg_catalog.clock_timestamp() + skew FROM shifted.clock $$;
CREATE FUNCTION shifted.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS
    $$ SELECT pg_catalog.statement_timestamp() + skew FROM shifted.clock $$;
CREATE FUNCTION shifted.now() RETURNS timestamptz LANGUAGE sql STABLE AS
    $$ SELECT pg_catalog.now() + skew FROM shifted.clock $$;
GRANT USAGE ON SCHEMA shifted TO PUBLIC;
GRANT SELECT ON shifted.clock TO PUBLIC;
ALTER DATABASE hes SET search_path = shifted, pg_catalog, public;
"""
_REMOVE = "ALTER DATABASE hes RESET search_path; DROP SCHEMA shifted CASCADE"


def run(course: Course) -> None:
    """A jump for every so many orders that have ended."""
    size = course.size
    with (
        _shiftable(),
        world(course, LOSSES, SLOW_LINE) as orders,
        nursery(course.home) as workers,
    ):
        orders.collect()
        for _ in range(size.workers):
            workers.start()
        for number in range(size.harms):
            orders.until_ended(number * size.orders // size.harms, seconds=5.0)
            time.sleep(course.dice.uniform(0, 1))
            _jump(course, course.dice.choice(HOURS))
            course.tell(f"{number + 1} of {size.harms} jumps")
        _jump(course, LAST)
        orders.submit_rest()
        orders.settle()
        audit.of(orders)


def _jump(course: Course, hours: int) -> None:
    with owner_cursor() as cursor:
        cursor.execute("UPDATE shifted.clock SET skew = %s * interval '1 hour'", [hours])
    course.harm(f"clock at {hours:+d} h")


@contextmanager
def _shiftable() -> Iterator[None]:
    """Sessions from now on believe the clock that we set."""
    with owner_cursor() as cursor:
        cursor.execute(_INSTALL)
        connection.close()
        try:
            yield
        finally:
            cursor.execute(_REMOVE)
            connection.close()
