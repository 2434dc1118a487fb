"""Readings on demand, from submission until a visit has them, while a worker collects a day of
1,000 concentrators: once by that worker alone, and once with another beside it that is there for
what is on demand (`hes worker --queues control`). By turns of meters under concentrators that are
not collected from, and under those that are, where a reading waits for the end of a request.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection

from benchmarks.answers import ZONE
from benchmarks.bench import Bench
from benchmarks.field import apart, provision, simulated, worker
from benchmarks.orders import METERS, forget_orders, submit_all
from benchmarks.processes import HES, wait_until
from benchmarks.race import Result, measured
from benchmarks.servers import empty_database
from devices.choices import Activity
from devices.drivers.base import Period
from devices.models import Association, Company, Concentrator
from hes.demo.processes import VISITS_AT_ONCE
from hes.domain.time import local_day
from workorders import slots
from workorders.models import Visit
from workorders.requests import Request

COLLECTED, READINGS = 1_000, 40  # so many readings on lines of either kind
START_SECONDS, EVERY_SECONDS = 2.0, 0.4
COLLECTING = (*HES, "worker", "--concurrency", str(VISITS_AT_ONCE))
ON_DEMAND = (*HES, "worker", "--queues", "control")
WORKERS = {"one worker": (COLLECTING,), "control beside": (COLLECTING, ON_DEMAND)}

# Seconds from submission until a visit had each, or so far, if it still waits.
_STARTS = """
SELECT o.concentrator_id, extract(epoch FROM coalesce((SELECT min(at) FROM order_event e
    WHERE e.order_id = o.id AND state = 'leased'), clock_timestamp()) - o.created_at)::float
FROM work_order o ORDER BY o.id
"""


def run(bench: Bench) -> Iterator[Result]:
    """The same fleet for both, each time another day of it."""
    with empty_database():
        owner, ids = provision(bench.home / "readings", COLLECTED + READINGS, METERS)
        for ago, (who, workers) in enumerate(WORKERS.items(), start=2):
            forget_orders()
            yield from _starts(bench.home, owner, ids, ago, who, workers)


def _starts(
    home: Path, owner: Company, ids: list[int], ago: int, who: str, workers: Sequence[Sequence[str]]
) -> Iterator[Result]:
    """One after the other, by turns of a meter whose line is free and of one in the collection."""
    collected, free = ids[:COLLECTED], ids[COLLECTED:]
    names = Concentrator.objects.in_bulk(free).values()
    size = len(ids), METERS
    with ExitStack() as running:
        running.enter_context(simulated(home, owner, *size))
        serials = [name.serial_number for name in names]
        running.enter_context(apart(home, owner, *size, serials))
        for argv in workers:
            running.enter_context(worker(home, argv))
        _collect(collected, ago)
        turns = zip(free, collected[:: COLLECTED // READINGS], strict=True)
        _order_readings(owner, [lane for turn in turns for lane in turn])
        found, done = starts(), COLLECTED - slots.open_count()
    notes = {"visits at once": VISITS_AT_ONCE, "collected meanwhile": done}
    yield _start(f"{who}, free line", [s for lane, s in found if lane in free], notes)
    yield _start(f"{who}, line in collection", [s for lane, s in found if lane in collected])


def _start(where: str, values: list[float], notes: Mapping[str, float] = {}) -> Result:
    notes = {"readings": len(values), **notes}
    name = f"reading starts, {where}"
    return measured(name, values, "s", START_SECONDS, at_most=True, notes=notes)


def _collect(ids: list[int], ago: int) -> None:
    """Ask all for a day that is over, until as many are visited as can be at once."""
    begin, end = local_day((datetime.now(ZONE) - timedelta(days=ago)).date(), ZONE)
    slots.request(ids, [Activity.LOAD_PROFILE], Period(begin + 1, end), datetime.now(UTC))
    wait_until(lambda: Visit.objects.count() >= VISITS_AT_ONCE, "the collection runs")


def _order_readings(owner: Company, ids: Sequence[int]) -> None:
    """One of each concentrator, at the highest priority; the collection must outlast them."""
    of_lane = Association.objects.values_list("concentrator_id", "meter__serial_number")
    meters = dict(of_lane.filter(concentrator_id__in=ids))
    for lane in ids:
        submit_all([Request("reading", owner.pk, meter=meters[lane], priority=9)])
        time.sleep(EVERY_SECONDS)
    assert slots.open_count(), "the collection was over before the last reading"


def starts() -> list[tuple[int, float]]:
    """(concentrator, seconds) of every reading there is, in the order of submission."""
    with connection.cursor() as cursor:
        cursor.execute(_STARTS)
        return [(int(lane), float(seconds)) for lane, seconds in cursor.fetchall()]
