"""Workers stand still past their lease: anywhere, and just between SENDING and the first byte."""

import time
from collections import Counter

from tests.faults import audit
from tests.faults.nursery import Nursery, freeze, is_frozen, nursery, thaw
from tests.faults.scenario import Course, Size
from tests.faults.worker import LEASE, Wish
from tests.faults.world import PATIENCE, Stuck, World, patiently, world

FULL = Size(harms=100, orders=400, concentrators=24, meters=8, workers=8)
SHORT = Size(harms=3, orders=60, concentrators=6, meters=4, workers=4)
LOSSES = 0.1
SHARE = 0.3  # of commands that a worker freezes before
ANYWHERE, BEGUN, LOOKED = "anywhere", "after SENDING", "after the last look at the clock"
WISHES = {
    BEGUN: Wish(concurrency=3, stop_after_begun=SHARE),
    LOOKED: Wish(concurrency=3, stop_after_look=SHARE),
    ANYWHERE: Wish(concurrency=3),
}


def run(course: Course) -> None:
    """Each kind so many times; whoever stands still goes on after more than a lease."""
    with world(course, LOSSES) as orders, nursery(course.home) as workers:
        orders.collect()
        frost = _Frost(course, workers)
        while not frost.is_over():
            if frost.is_stuck():
                raise Stuck(f"nobody freezes any more: {orders.open()}")
            patiently(lambda: _keep_busy(orders))
            frost.look()
            time.sleep(0.02)
        frost.end()
        for _ in range(course.size.workers):
            workers.start()
        while orders.asked < course.size.orders:
            patiently(orders.keep_busy)
        orders.settle()
        audit.of(orders)


def _keep_busy(orders: World) -> None:
    if orders.standing()["open"] < len(orders.meters) // 2:
        orders.submit(len(orders.meters) // 4)


class _Frost:
    """Who stands still, and until when. At any time at most half of the workers do."""

    def __init__(self, course: Course, workers: Nursery) -> None:
        self._course, self._workers = course, workers
        names = (BEGUN, LOOKED, ANYWHERE, ANYWHERE)
        self._names = {
            workers.start(WISHES[name]): name
            for name in (names[number % 4] for number in range(course.size.workers))
        }
        self._until: dict[int, float] = {}
        self._done: Counter[str] = Counter()
        self._last = time.monotonic()

    def is_over(self) -> bool:
        """Every kind has been done often enough."""
        return all(self._done[name] >= self._course.size.harms for name in WISHES)

    def is_stuck(self) -> bool:
        """Nobody has frozen for long."""
        return time.monotonic() - self._last > PATIENCE

    def look(self) -> None:
        """Note who froze itself, freeze somebody, thaw whose time has come."""
        now = time.monotonic()
        for pid, name in self._names.items():
            if pid not in self._until and is_frozen(pid):
                self._note(pid, name, now)
        self._freeze_one(now)
        for pid in [pid for pid, until in self._until.items() if until < now]:
            del self._until[pid]
            thaw(pid)

    def end(self) -> None:
        """Wake all and send them home: they would go on freezing themselves."""
        for pid in self._names:
            thaw(pid)
            self._workers.kill(pid)

    def _freeze_one(self, now: float) -> None:
        free = [
            pid for pid, name in self._names.items() if name is ANYWHERE and pid not in self._until
        ]
        is_enough = self._done[ANYWHERE] >= self._course.size.harms
        if not free or is_enough or self._course.dice.random() > 0.1:
            return
        pid = self._course.dice.choice(free)
        freeze(pid)
        self._note(pid, ANYWHERE, now)

    def _note(self, pid: int, name: str, now: float) -> None:
        self._until[pid] = now + LEASE + self._course.dice.uniform(0.3, 1.5)
        self._last = now
        self._done[name] += 1
        self._course.harm(f"frozen {name}")
        self._course.tell(f"{self._done.total()} of {3 * self._course.size.harms} freezes")
