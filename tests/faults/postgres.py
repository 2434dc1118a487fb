"""PostgreSQL is stopped immediately and started again under load; single sessions are cut."""

import os
import signal
import time

from django.db import connection

from tests.faults import audit
from tests.faults.nursery import nursery
from tests.faults.scenario import Course, Size
from tests.faults.world import patiently, world

FULL = Size(harms=40, orders=2000, concentrators=40, meters=10)
SHORT = Size(harms=3, orders=80, concentrators=6, meters=4)
LOSSES = 0.1
DOWN_AT_MOST = 3.0  # seconds
_SESSIONS = """
SELECT pid FROM pg_stat_activity
WHERE usename = current_user AND pid <> pg_backend_pid() ORDER BY pid
"""


def run(course: Course) -> None:
    """Every other time the whole server, with some time away, else one session of a worker."""
    size = course.size
    with world(course, LOSSES) as orders, nursery(course.home) as workers:
        orders.collect()
        for _ in range(size.workers):
            workers.start()
        for number in range(size.harms):
            orders.until_ended(number * size.orders // size.harms)
            time.sleep(course.dice.uniform(0, 0.5))
            patiently(lambda: _cut_session(course)) if number % 2 else _restart(course)
            course.tell(f"{number + 1} of {size.harms}")
        orders.submit_rest()
        orders.settle()
        audit.of(orders)


def _restart(course: Course) -> None:
    """SIGQUIT: no checkpoint, no goodbye to anybody, recovery from the log at the start."""
    server = course.postgres
    os.kill(server.pid, signal.SIGQUIT)
    server.stop()
    time.sleep(course.dice.uniform(0, DOWN_AT_MOST))
    server.start()
    course.harm("immediate restarts")


def _cut_session(course: Course) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SESSIONS)
        found = [pid for (pid,) in cursor.fetchall()]
        if found:
            cursor.execute("SELECT pg_terminate_backend(%s)", [course.dice.choice(found)])
            course.harm("sessions cut")
