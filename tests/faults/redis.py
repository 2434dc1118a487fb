"""Redis is emptied, killed, away and read-only while real `hes worker`s serve orders."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from redis import Redis
from redis.exceptions import RedisError

from tests.faults import audit
from tests.faults.processes import HES, nested, running
from tests.faults.scenario import Course, Size
from tests.faults.world import World, patiently, world

FULL = Size(harms=16, orders=640, concentrators=20, meters=10, workers=2)
SHORT = Size(harms=4, orders=64, concentrators=6, meters=6, workers=1)
AWAY_SECONDS = 3.0
SLOWEST_SECONDS = 15.0  # of orders submitted while Redis is harmed (reliability 6, F6)


def run(course: Course) -> None:
    """Each harm by turns, and orders submitted while it lasts must end as quickly as ever."""
    with world(course) as orders:
        workers = [
            running(course.home, f"worker{number}", *HES, "worker", "--queues", queues)
            for number, queues in enumerate(_queues(course.size.workers))
        ]
        nested(workers, lambda: _run(course, orders))


def _queues(count: int) -> list[str]:
    return ["control,collection", "control", *["control"] * count][:count]


def _run(course: Course, orders: World) -> None:
    size = course.size
    orders.submit(size.orders // size.harms)
    orders.settle()  # all are up
    orders.collect()
    for number in range(size.harms):
        name, harm, mend = HARMS[number % len(HARMS)]
        harm(course)
        course.harm(name)
        _serve(course, orders, size.orders // size.harms)
        mend(course)
        course.tell(f"{number + 1} of {size.harms}")
    orders.settle()
    audit.of(orders)


def _serve(course: Course, orders: World, count: int) -> None:
    """Submit orders; the slowest of them is noted, and a violation beyond the limit."""
    began = time.monotonic()
    orders.submit(count)
    while patiently(orders.standing)["open"] and time.monotonic() < began + 4 * SLOWEST_SECONDS:
        time.sleep(0.1)
    seconds = time.monotonic() - began
    slowest = max(course.counted["slowest tenths of a second"], round(seconds * 10))
    course.counted["slowest tenths of a second"] = slowest
    if seconds > SLOWEST_SECONDS + AWAY_SECONDS:
        course.violations.append(f"orders took {seconds:.0f} s while Redis was harmed")


def _broker(course: Course) -> Redis:
    return Redis.from_url(course.redis.url)


def _flush(course: Course) -> None:
    with _broker(course) as broker:
        broker.flushall()


def _kill(course: Course) -> None:
    """And started again at once, with nothing in it."""
    _go(course)
    course.redis.start()


def _go(course: Course) -> None:
    os.kill(course.redis.pid, signal.SIGKILL)
    course.redis.stop()  # bury it


def _come_back(course: Course) -> None:
    course.redis.start()


def _lock(course: Course) -> None:
    """A replica of nobody refuses every write."""
    with _broker(course) as broker:
        broker.replicaof("127.0.0.1", "1")


def _unlock(course: Course) -> None:
    with _broker(course) as broker, suppress(RedisError):
        broker.replicaof("NO", "ONE")


def _nothing(_: Course) -> None:
    """It has mended itself."""


Act = Callable[[Course], None]
HARMS: tuple[tuple[str, Act, Act], ...] = (
    ("flushed", _flush, _nothing),
    ("killed", _kill, _nothing),
    ("gone", _go, _come_back),
    ("read-only", _lock, _unlock),
)
