"""10,000 orders submitted in one call, beside a plain INSERT ... SELECT of the same rows; one order
taken from a queue of 100,000 beside one of 10,000, rolled back each time; readings on demand, from
submission until a visit has them, while one worker collects a day of 1,000 concentrators and one is
there for what is on demand (`hes worker --queues control`): of meters under other concentrators,
and under those, where a reading may have to wait for the end of the collection at hand.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection, transaction

from benchmarks.answers import ZONE
from benchmarks.bench import Bench
from benchmarks.field import apart, provision, simulated, worker
from benchmarks.processes import HES, wait_until
from benchmarks.race import Result, measured, race, timed
from benchmarks.servers import empty_database, owner_cursor, truncate
from devices.choices import Activity
from devices.drivers.base import Period
from devices.models import Association, Company, Concentrator, Meter
from hes.demo.processes import VISITS_AT_ONCE
from hes.domain.time import local_day
from workorders import lanes, lease, orders, slots, submission
from workorders.lanes import Claim
from workorders.models import Visit
from workorders.requests import Request

COLLECTED, READINGS, METERS = 1_000, 40, 25  # so many readings on lines of either kind
SUBMITTED, SUBMIT_SECONDS, SUBMIT_ROUNDS = 10_000, 10.0, 3
FEW, MANY, FLAT = 10_000, 100_000, 1.5
LANES = 100  # that the queued orders are shared out to, and one taken from each
START_SECONDS, EVERY_SECONDS = 2.0, 0.4
COLLECTING = (*HES, "worker", "--concurrency", str(VISITS_AT_ONCE))
ON_DEMAND = (*HES, "worker", "--queues", "control")
HOUR = 3600.0


def run(bench: Bench) -> Iterator[Result]:
    """The same fleet for all three."""
    with empty_database():
        owner, ids = provision(bench.home / "orders", COLLECTED + READINGS, METERS)
        yield from _submission(owner, bench.rounds)
        yield _claim_cost(owner, ids[:LANES], bench.rounds)
        _forget_orders()
        yield from _starts(bench.home, owner, ids)


def _forget_orders() -> None:
    truncate("work_order", "order_event", "slot", "visit", "lane", "worker")


# --- submission -----------------------------------------------------------------------------------


def _submission(owner: Company, rounds: int) -> Iterator[Result]:
    requests = asked(owner, SUBMITTED)
    seconds: list[float] = []

    def ours() -> float:
        _forget_orders()
        seconds.append(timed(lambda: submit_all(requests)))
        return seconds[-1]

    ratio = race(
        f"{SUBMITTED:,} orders submitted, beside the plain rows", ours, inserted_plainly,
        rounds=min(rounds, SUBMIT_ROUNDS), items=SUBMITTED,
    )  # fmt: skip
    yield measured(
        f"{SUBMITTED:,} orders submitted", seconds[1:], "s", SUBMIT_SECONDS, at_most=True
    )
    yield ratio


def asked(owner: Company, count: int) -> list[Request]:
    """A reading of each of so many meters, as a file of orders would ask for them."""
    serials = Meter.objects.filter(company=owner).order_by("pk").values_list("serial_number")
    return [
        Request("reading", owner.pk, meter=serial, source="csv", outer_id=f"bench-{number}")
        for number, (serial,) in enumerate(serials[:count])
    ]


def submit_all(requests: Sequence[Request]) -> None:
    """In one call; none may be refused."""
    answers = submission.submit(requests)
    refused = next((answer.rejected for answer in answers if answer.rejected), None)
    assert refused is None, refused


def inserted_plainly(clear: Callable[[], object] = lambda: truncate("work_order")) -> float:
    """Seconds to insert the rows that stand in `work_order` once more, into the emptied table."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE plain AS TABLE work_order")
        clear()
        seconds = timed(lambda: cursor.execute("INSERT INTO work_order TABLE plain"))
        cursor.execute("DROP TABLE plain")
    return seconds


# --- claims ---------------------------------------------------------------------------------------

# Shared out evenly to lanes and their meters; every priority occurs.
_FILL = """
INSERT INTO work_order (idempotency_key, body_hash, company_id, kind, concentrator_id, meter_id,
    parameters, result, priority, expires_at, source, requested_by, created_at, changed_at, state)
SELECT gen_random_uuid(), '', %(company)s, 'reading', a.concentrator_id, a.meter_id, '{}', '{}',
    n / a.meters %% 10, now() + interval '1 day', 'cli', '', now(), now(), 'queued'
FROM generate_series(0, %(count)s - 1) n JOIN (SELECT concentrator_id, meter_id,
        row_number() OVER (ORDER BY meter_id) - 1 AS place, count(*) OVER () AS meters
    FROM association WHERE concentrator_id = ANY(%(lanes)s)) a ON a.place = n %% a.meters
"""


def _claim_cost(owner: Company, ids: list[int], rounds: int) -> Result:
    """How many times as long it takes in the long queue."""
    _forget_orders()
    fill(owner, ids, FEW)
    claims = own(ids)
    few = _milliseconds_per_take(claims, rounds)
    fill(owner, ids, MANY - FEW)
    many = _milliseconds_per_take(claims, rounds)
    return measured(
        f"one order taken of {MANY:,}, beside one of {FEW:,}",
        [b / a for a, b in zip(sorted(few), sorted(many), strict=True)], "ratio", FLAT,
        at_most=True, notes={f"ms of {FEW:,}": min(few), f"ms of {MANY:,}": min(many)},
    )  # fmt: skip


def fill(owner: Company, ids: list[int], count: int) -> None:
    """So many more queued orders, by one statement; their lanes are told."""
    with connection.cursor() as cursor:
        cursor.execute(_FILL, {"company": owner.pk, "lanes": ids, "count": count})
    with transaction.atomic(), connection.cursor() as cursor:
        lanes.hold(cursor, ids)
        lanes.tell(cursor, ids)


def own(ids: list[int]) -> list[Claim]:
    """All these lanes, owned by one worker that will not die."""
    held = lease.register(HOUR)
    with transaction.atomic(), connection.cursor() as cursor:
        claims = lanes.claim(cursor, held.worker, len(ids), urgent_only=True)
    assert len(claims) == len(ids)
    return claims


def take_each(claims: Sequence[Claim]) -> None:
    """One order of each lane, and back again without a trace."""
    for claim in claims:
        with transaction.atomic():
            assert orders.take(claim)
            transaction.set_rollback(True)


def _milliseconds_per_take(claims: Sequence[Claim], rounds: int) -> list[float]:
    with owner_cursor() as cursor:
        cursor.execute("VACUUM ANALYZE work_order")  # as autovacuum would, at a time of its own
    take_each(claims)
    return [timed(lambda: take_each(claims)) / len(claims) * 1e3 for _ in range(rounds)]


# --- readings on demand ---------------------------------------------------------------------------

# Seconds from submission until a visit had each, or so far, if it still waits.
_STARTS = """
SELECT o.concentrator_id, extract(epoch FROM coalesce((SELECT min(at) FROM order_event e
    WHERE e.order_id = o.id AND state = 'leased'), clock_timestamp()) - o.created_at)::float
FROM work_order o ORDER BY o.id
"""


def _starts(home: Path, owner: Company, ids: list[int]) -> Iterator[Result]:
    """One after the other, by turns of a meter whose line is free and of one in the collection."""
    collected, free = ids[:COLLECTED], ids[COLLECTED:]
    names = Concentrator.objects.in_bulk(free).values()
    size = len(ids), METERS
    with (
        simulated(home, owner, *size),
        apart(home, owner, *size, [name.serial_number for name in names]),
        worker(home, COLLECTING),
        worker(home, ON_DEMAND),
    ):
        _collect(collected)
        turns = zip(free, collected[:: COLLECTED // READINGS], strict=True)
        _order_readings(owner, [lane for turn in turns for lane in turn])
        found, done = starts(), COLLECTED - slots.open_count()
    notes = {"visits at once": VISITS_AT_ONCE, "collected meanwhile": done}
    yield _start("free line", [s for lane, s in found if lane in free], START_SECONDS, notes)
    yield _start("line of the collection", [s for lane, s in found if lane in collected])


def _start(
    where: str, values: list[float], promise: float | None = None, notes: Mapping[str, float] = {}
) -> Result:
    notes = {"readings": len(values), **notes}
    return measured(f"reading starts, {where}", values, "s", promise, at_most=True, notes=notes)


def _collect(ids: list[int]) -> None:
    """Ask all for the day before yesterday, until as many are visited as can be at once."""
    begin, end = local_day((datetime.now(ZONE) - timedelta(days=2)).date(), ZONE)
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
