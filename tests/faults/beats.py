"""Two beats and the engines plan the same slots at once, then no beat at all for a while."""

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from devices.choices import Activity
from devices.models import Concentrator
from tests.factories.visits import scheduled
from tests.faults import audit
from tests.faults.processes import HES, nested, running
from tests.faults.scenario import Course, Size
from tests.faults.world import World, world
from workorders.models import Slot
from workorders.slots import LOOK_BACK

FULL = Size(harms=3, orders=120, concentrators=20, meters=4)
SHORT = Size(harms=1, orders=20, concentrators=4, meters=4)
PERIOD = 10  # minutes between two slots of an activity
ACTIVITIES = (Activity.AUTODISCOVERY, Activity.REPEATER_TABLE)  # they say nothing of reachability
TOGETHER_SECONDS = 15.0
ALONE_SECONDS = 40.0  # engines plan every 30 s by themselves
BEAT = (sys.executable, "-m", "tests.faults.beat")


def run(course: Course) -> None:
    """So many rounds of two beats and none, with orders all the while."""
    with world(course) as orders:
        first = Concentrator.objects.get(pk=orders.ids[0])
        for activity in ACTIVITIES:
            scheduled(first, activity, PERIOD)  # all share its profile
        begun = datetime.now(UTC)
        queues = ("control,collection", "control,collection")
        workers = [
            running(course.home, f"planner{number}", *HES, "worker", "--queues", names)
            for number, names in enumerate(queues)
        ]
        nested(workers, lambda: _rounds(course, orders))
        audit.of(orders)
        course.violations += _gaps(course, orders, begun)


def _rounds(course: Course, orders: World) -> None:
    for number in range(course.size.harms):
        orders.submit(course.size.orders // course.size.harms // 2)
        beats = [
            running(course.home, f"beat{each}", *BEAT, str(course.home / f"beat{each}.runs"))
            for each in range(2)
        ]
        nested(beats, lambda: time.sleep(TOGETHER_SECONDS))
        course.harm("two beats at once")
        orders.submit(course.size.orders // course.size.harms // 2)
        time.sleep(ALONE_SECONDS)
        course.harm("no beat")
        course.tell(f"round {number + 1} of {course.size.harms}")
    orders.settle()


def _gaps(course: Course, orders: World, begun: datetime) -> Iterator[str]:
    """Every instant from a day before the first plan until now has its slot, and only one."""
    period, now = PERIOD * 60, time.time()
    first = (begun - LOOK_BACK).timestamp() // period + 1
    last = (now - ALONE_SECONDS) // period
    wanted = {number * period for number in range(int(first) + 1, int(last) + 1)}
    for activity in ACTIVITIES:
        for pk in orders.ids:
            slots = Slot.objects.filter(concentrator_id=pk, activity=activity)
            found = [due.timestamp() for due in slots.values_list("due", flat=True)]
            course.counted["planned slots"] += len(found)
            if len(set(found)) < len(found) or wanted - set(found):
                yield f"{activity} of {pk}: {len(found)} slots, {len(wanted - set(found))} lack"
