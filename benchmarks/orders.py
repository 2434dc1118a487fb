"""10,000 orders submitted in one call, beside a plain INSERT ... SELECT of the same rows; one order
taken from a queue of 100,000 beside one of 10,000, rolled back each time.
"""

from collections.abc import Callable, Iterator, Sequence

from django.db import connection, transaction

from benchmarks.bench import Bench
from benchmarks.field import provision
from benchmarks.race import Result, measured, race, timed
from benchmarks.servers import empty_database, owner_cursor, truncate
from devices.models import Company, Meter
from workorders import lanes, lease, orders, submission
from workorders.lanes import Claim
from workorders.requests import Request

CONCENTRATORS, METERS = 400, 25
SUBMITTED, SUBMIT_SECONDS, SUBMIT_ROUNDS = 10_000, 10.0, 3
FEW, MANY, FLAT = 10_000, 100_000, 1.5
LANES = 100  # that the queued orders are shared out to, and one taken from each
HOUR = 3600.0
QUEUE = ("work_order", "order_event", "slot", "visit", "lane", "worker")


def run(bench: Bench) -> Iterator[Result]:
    """The same fleet for both."""
    with empty_database():
        owner, ids = provision(bench.home / "orders", CONCENTRATORS, METERS)
        yield from _submission(owner, bench.rounds)
        yield _claim_cost(owner, ids[:LANES], bench.rounds)


def forget_orders() -> None:
    """All of them, with the collections and the workers there were."""
    truncate("campaign_target", *QUEUE)


# --- submission -----------------------------------------------------------------------------------


def _submission(owner: Company, rounds: int) -> Iterator[Result]:
    requests = asked(owner, SUBMITTED)
    seconds: list[float] = []

    def ours() -> float:
        forget_orders()
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


def inserted_plainly(
    clear: Callable[[], object] = lambda: truncate("campaign_target", "work_order"),
) -> float:
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
    forget_orders()
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
        claims = lanes.claim(cursor, held.worker, len(ids), orders_only=True)
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
