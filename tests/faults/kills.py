"""Workers are killed at random while answers are lost on the power line."""

import time

from tests.faults import audit
from tests.faults.nursery import nursery
from tests.faults.scenario import Course, Size
from tests.faults.world import world

FULL = Size(harms=1000, orders=10_000, concentrators=60, meters=15, workers=6)
SHORT = Size(harms=12, orders=150, concentrators=6, meters=4, workers=3)
LOSSES = 0.1
COLLECTIONS = 4  # rounds over the run


def run(course: Course) -> None:
    """One kill for every so many orders that have ended, at a random moment of some worker."""
    size = course.size
    with world(course, LOSSES) as orders, nursery(course.home) as workers:
        for _ in range(size.workers):
            workers.start()
        for number in range(size.harms):
            if course.is_time_up():
                break
            if number % (size.harms // COLLECTIONS) == 0:
                orders.collect()
            orders.until_ended(number * size.orders // size.harms)
            time.sleep(course.dice.uniform(0, 0.3))
            workers.kill(course.dice.choice(workers.living))
            course.harm("workers killed")
            workers.start()
            course.tell(f"{number + 1} of {size.harms} kills")
        if not course.is_time_up():
            orders.submit_rest()
        orders.settle()
        audit.of(orders)
