"""A company with its field, its orders and due collections, for a scenario to do harm to."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from django.db import DatabaseError, connection

from benchmarks.servers import empty_database
from devices.drivers.base import Period
from devices.models import Company
from devices.parameters import change
from devices.simulator.device import FieldOptions
from devices.simulator.faults import bends, changes
from devices.simulator.population import Fleet
from devices.simulator.server import RunningField
from hes.domain.time import local_day
from tests.factories.simulated import give_keys, listening, provision
from tests.factories.visits import quick_company
from tests.faults.scenario import Course
from workorders import slots, submission
from workorders.models import WorkOrder
from workorders.order_lanes import SILENT_READS
from workorders.requests import Request
from workorders.threads import is_gone

T = TypeVar("T")
MISSED_AT_MOST = 3  # contacts; small, so that reachability flips within a run
SETTINGS = {
    **dict.fromkeys(("cap_user_hour", "cap_user_day", "cap_absolute_hour"), "1000000"),
    **dict.fromkeys(("cap_company_hour_floor", "cap_company_day_floor"), "1000000"),
    **dict.fromkeys(("cap_concentrator_floor", "order_attempts"), "1000000"),
    **{"order_read_back": "1", "max_missed_contacts": str(MISSED_AT_MOST)},
    **{"slot_attempts": "30", "breaker_failures": "1000"},  # a frozen worker keeps a line busy
}
KINDS = ("credit_charge",) * 6 + ("reconnect",) * 3 + ("disconnect",) * 2 + ("reading",)
AMOUNTS = range(-299, 901, 3)  # Wh, never 0
CHUNK = 250
SHOWN = 12
COLLECTED = 2 * 3600  # seconds of load profile that every round of collections asks for
PATIENCE = 120.0  # seconds without any progress

_STANDING = """
SELECT count(*), count(*) FILTER (WHERE ended_at IS NULL),
    count(*) FILTER (WHERE state = 'unknown' AND silent_reads >= %s) FROM work_order
"""


class Stuck(Exception):
    """Nothing moves any more although all harm is over."""


class World:
    """What a course plays with. The last concentrator of the fleet refuses every connection."""

    def __init__(
        self, course: Course, fleet: Fleet, company: Company, ids: list[int], losses: float
    ) -> None:
        self.course, self.fleet, self.company, self.losses = course, fleet, company, losses
        self.ids = ids
        reached = list(fleet.concentrators)[:-1]
        self.meters = [meter for each in reached for meter in each.meters]
        self.asked = self.rounds = 0
        begin, _ = local_day((datetime.now(UTC) - timedelta(days=2)).date(), fleet.zone)
        self.window = begin, begin + COLLECTED
        self.field: RunningField

    @property
    def deaf(self) -> int:
        """The id of the concentrator that refuses connections."""
        return self.ids[-1]

    # --- load ---------------------------------------------------------------------------------

    def request(self) -> Request:
        """The next order, by the dice; its id makes it the same whenever it is repeated."""
        self.asked += 1
        dice = self.course.dice
        kind = dice.choice(KINDS)
        return Request(
            kind,
            self.company.pk,
            meter=dice.choice(self.meters).serial,
            parameters={"amount": dice.choice(AMOUNTS)} if kind == "credit_charge" else {},
            priority=dice.randrange(10),
            requested_by="ada",
            external_system="MDM",
            outer_id=f"{self.course.name}-{self.asked}",
            correlation_id=f"C-{self.asked}",
        )

    def submit(self, count: int) -> None:
        """So many orders more; none may be refused."""
        wanted = [self.request() for _ in range(count)]
        answers = patiently(lambda: submission.submit(wanted, mass_hold=False))
        refused = [str(answer.rejected) for answer in answers if answer.rejected]
        assert not refused, refused[:3]

    def keep_busy(self) -> None:
        """Submit the next orders before the open ones run out, until all are submitted."""
        left = self.course.size.orders - self.asked
        if left > 0 and self.standing()["open"] < CHUNK:
            self.submit(min(left, CHUNK))

    def submit_rest(self) -> None:
        """What is not submitted yet, as the open ones come to an end."""
        while self.asked < self.course.size.orders:
            patiently(self.keep_busy)
            time.sleep(0.1)

    def until_ended(self, count: int, seconds: float = PATIENCE) -> None:
        """Keep busy until so many orders have ended, or so long: harm and orders go on together."""
        deadline = time.monotonic() + seconds
        while patiently(self.standing)["ended"] < count and time.monotonic() < deadline:
            patiently(self.keep_busy)
            time.sleep(0.05)

    def collect(self) -> None:
        """One more round of collections of the same window: what has left must not leave again."""
        window, now = Period(self.window[0] + 1, self.window[1]), datetime.now(UTC)
        patiently(lambda: slots.request(self.ids, ["load_profile"], window, now))
        self.rounds += 1

    # --- where it stands ----------------------------------------------------------------------

    def standing(self) -> Counter[str]:
        """Orders in all, open ones, and of these those that wait for a person."""
        with connection.cursor() as cursor:
            cursor.execute(_STANDING, [SILENT_READS])
            total, still_open, waiting = cursor.fetchone()
        return Counter(total=total, open=still_open, waiting=waiting, ended=total - still_open)

    def open(self) -> list[str]:
        """The first open orders, for whoever asks why."""
        rows = WorkOrder.objects.filter(ended_at=None).order_by("id")[:SHOWN]
        return [
            f"{row.pk} {row.kind} {row.state} meter {row.meter_id}, read {row.silent_reads},"
            f" {row.not_before}"
            for row in rows
        ]

    def settle(self) -> None:
        """Until every order has ended or waits for a person and no collection is due."""
        began, last = time.monotonic(), (-1, -1)
        while (now := patiently(self._left)) != (0, 0):
            if now != last:
                began, last = time.monotonic(), now
            if time.monotonic() - began > PATIENCE:
                raise Stuck(f"{now[0]} orders and {now[1]} collections do not end: {self.open()}")
            self.course.tell(f"settling, {now[0]} orders and {now[1]} collections to go")
            time.sleep(0.2)

    def _left(self) -> tuple[int, int]:
        standing = self.standing()
        return standing["open"] - standing["waiting"], slots.open_count()


def patiently(act: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Do it until the database lets us: what a client does that knows its own id."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return act()
        except DatabaseError as error:
            if not is_gone(error):
                raise
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@contextmanager
def world(course: Course, losses: float = 0.0, slow_line: float = 0.0) -> Iterator[World]:
    """Provisioned and listening; `losses` is the share of changes lost before and after they are
    carried out, each; `slow_line` scales the delays of the power line.
    """
    size = course.size
    fleet = Fleet.generate(course.seed, size.concentrators + 1, size.meters, uniform=True)
    options = FieldOptions(plc_factor=slow_line)
    with empty_database(), listening(fleet, _faults(fleet, losses), options) as field:
        company = quick_company("America/Santiago")
        for name, value in SETTINGS.items():
            change(company, name, value)
        made = provision(company, fleet, field)
        give_keys(company, fleet.meters)
        built = World(course, fleet, company, [each.pk for each in made], losses)
        built.field = field
        yield built


def _faults(fleet: Fleet, losses: float) -> dict[str, list[object]]:
    lossy = [changes.LoseAnswer, changes.DropChange] if losses else []
    faults = {each.serial: [kind(times=losses) for kind in lossy] for each in fleet.concentrators}
    faults[fleet.concentrator(fleet.size - 1).serial] = [bends.Refuse()]
    return faults
