"""The answer to a COMMIT is cut off: nobody knows that it stands, neither worker nor submitter."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from tests.faults import audit
from tests.faults.nursery import nursery
from tests.faults.proxy import Proxy, proxy
from tests.faults.scenario import Course, Size
from tests.faults.worker import Wish
from tests.faults.world import patiently, world

FULL = Size(harms=100, orders=1000, concentrators=30, meters=10)
SHORT = Size(harms=8, orders=80, concentrators=6, meters=4)
LOSSES = 0.1
SHARE = 0.08  # of all commits
AT_ONCE = 20  # orders in one call of the submitter


def run(course: Course) -> None:
    """Workers and the submitter reach PostgreSQL by the proxy only; the harness does not."""
    folder, server = course.home / "proxy", Path(connection.settings_dict["HOST"])
    with (
        world(course, LOSSES) as orders,
        proxy(folder, server, course.dice) as between,
        nursery(course.home) as workers,
    ):
        orders.collect()
        for _ in range(course.size.workers):
            workers.start(Wish(host=str(folder)))
        between.share = SHARE
        while orders.asked < course.size.orders or between.cuts.total() < course.size.harms:
            if patiently(orders.standing)["open"] < 5 * AT_ONCE:
                with _through(between):
                    orders.submit(AT_ONCE)
            course.tell(f"{between.cuts.total()} commits cut, {orders.asked} orders")
            time.sleep(0.05)
        between.share = 0.0
        orders.settle()
        course.injected.update({f"cut: {what}": n for what, n in sorted(between.cuts.items())})
        audit.of(orders)


@contextmanager
def _through(between: Proxy) -> Iterator[None]:
    direct = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = str(between.folder)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["HOST"] = direct
