"""Workers stand still past their lease: anywhere, and just between SENDING and the first byte."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connection

from devices.parameters import change
from tests.faults import audit
from tests.faults.nursery import Nursery, freeze, is_frozen, nursery, thaw
from tests.faults.scenario import Course, Size
from tests.faults.worker import LEASE, Wish
from tests.faults.world import PATIENCE, Stuck, World, patiently, world

FULL = Size(harms=100, orders=400, concentrators=24, meters=8, workers=8)
SHORT = Size(harms=3, orders=60, concentrators=6, meters=4, workers=4)
LOSSES = 0.1
SHARE = 0.3  # of commands that a worker freezes before
LOOK_SECONDS = 0.02
MIN_TRIES = 30
FREEZES = 0.03  # probability that somebody is frozen at one look: about one in a second
ANYWHERE, BEGUN, LOOKED = "anywhere", "after SENDING", "after the last look at the clock"
# Few places: whoever stands still holds all its concentrators, and the others shall find some.
WISHES = {
    ANYWHERE: Wish(concurrency=3, kept=0),
    BEGUN: Wish(concurrency=3, kept=0, stop_after_begun=SHARE),
    LOOKED: Wish(concurrency=3, kept=0, stop_after_look=SHARE),
}


def run(course: Course) -> None:
    """Each kind so many times; whoever stands still goes on after more than a lease."""
    with world(course, LOSSES) as orders, nursery(course.home) as workers:
        # A line that a frozen worker keeps busy costs a collection a try.
        change(orders.company, "slot_attempts", str(max(MIN_TRIES, course.size.harms)))
        orders.collect()
        frost = _Frost(course, workers)
        with _fed(orders) as feeder:
            while not frost.is_over() and not feeder.done():
                if frost.is_stuck():
                    raise Stuck(f"nobody freezes any more: {orders.open()}")
                frost.look()
                time.sleep(LOOK_SECONDS)
        frost.end()
        for _ in range(course.size.workers):
            workers.start()
        orders.submit_rest()
        orders.settle()
        audit.of(orders)


@contextmanager
def _fed(orders: World) -> Iterator[Future[None]]:
    """Orders are submitted by a thread of their own until the end of the block: it may wait for the
    locks of somebody who stands still, and whoever thaws must not wait with it.
    """
    is_over = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        feeder = pool.submit(_feed, orders, is_over)
        try:
            yield feeder
        finally:
            is_over.set()
    feeder.result()


def _feed(orders: World, is_over: threading.Event) -> None:
    try:
        while not is_over.wait(LOOK_SECONDS):
            patiently(lambda: _keep_busy(orders))
    finally:
        connection.close()


def _keep_busy(orders: World) -> None:
    if orders.standing()["open"] < len(orders.meters) // 2:
        orders.submit(len(orders.meters) // 4)


class _Frost:
    """Who stands still, and until when. All work on what has not been done often enough."""

    def __init__(self, course: Course, workers: Nursery) -> None:
        self._course, self._workers = course, workers
        self._kinds: dict[int, str] = {}
        self._until: dict[int, float] = {}
        self._done: Counter[str] = Counter()
        self._last = time.monotonic()
        for _ in range(course.size.workers):
            self._start()

    def is_over(self) -> bool:
        """Every kind has been done often enough."""
        return all(map(self._is_enough, WISHES))

    def is_stuck(self) -> bool:
        """Nobody has frozen for long."""
        return time.monotonic() - self._last > PATIENCE

    def look(self) -> None:
        """Note who froze itself, freeze somebody, thaw whose time has come."""
        now = time.monotonic()
        for pid, kind in self._kinds.items():
            if pid not in self._until and is_frozen(pid):
                self._note(pid, kind, now)
        self._freeze_one(now)
        for pid in [pid for pid, until in self._until.items() if until < now]:
            del self._until[pid]
            thaw(pid)
        for pid in [pid for pid, kind in self._kinds.items() if self._is_enough(kind)]:
            if pid not in self._until and not self.is_over():
                self._send_home(pid)
                self._start()

    def end(self) -> None:
        """Send all home: they would go on freezing themselves."""
        for pid in list(self._kinds):
            self._send_home(pid)

    def _is_enough(self, kind: str) -> bool:
        return self._done[kind] >= self._course.size.harms

    def _start(self) -> None:
        """One more worker, of the kind that lacks most."""
        living = Counter(self._kinds.values())
        kind = min(WISHES, key=lambda kind: (self._is_enough(kind), living[kind]))
        self._kinds[self._workers.start(WISHES[kind])] = kind

    def _send_home(self, pid: int) -> None:
        del self._kinds[pid]
        self._workers.kill(pid)

    def _freeze_one(self, now: float) -> None:
        free = [pid for pid, kind in self._kinds.items() if kind == ANYWHERE]
        free = [pid for pid in free if pid not in self._until]
        if not free or self._is_enough(ANYWHERE) or self._course.dice.random() > FREEZES:
            return
        pid = self._course.dice.choice(free)
        freeze(pid)
        self._note(pid, ANYWHERE, now)

    def _note(self, pid: int, kind: str, now: float) -> None:
        self._until[pid] = now + LEASE + self._course.dice.uniform(0.3, 1.5)
        self._last = now
        self._done[kind] += 1
        self._course.harm(f"frozen {kind}")
        self._course.tell(f"{self._done.total()} of {3 * self._course.size.harms} freezes")
