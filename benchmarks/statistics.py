"""Statistics of 200,000 meters, rows clustered by concentrator, one commit per batch: the product's
own collecting and UPDATE against an UPDATE ... FROM of the same columns whose new values lie in the
server already. Then the HOT share of all these updates.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from time import perf_counter, process_time

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from benchmarks.bench import Bench
from benchmarks.race import Result, measured, race
from benchmarks.servers import empty_database
from devices.models import Company, Meter, MeterModel
from devices.reachability import Outcome, assignments
from devices.recording.statistics import Statistics

METERS, EACH = 200_000, 500
PROMISES = {500: 0.55, 5_000: 0.70}
ROWS_PER_RUN = 40_000
HOT_PROMISE = 0.99
MAXIMUM = 40
COLUMNS = ("last_lp_02", "last_lp_04")
FIRST_AT = 1_781_064_900

_LIKE_ONE = """
INSERT INTO meter (serial_number, mac_address, {rest})
SELECT 'BENCH' || n, int8send(n), {rest} FROM meter, generate_series(1, %s - 1) AS n
"""
_STATISTICS = """
INSERT INTO meter_statistics (meter_id, concentrator_id)
SELECT id, 1 + row_number() OVER (ORDER BY id) / %s FROM meter ORDER BY id
"""
_SAID = """
CREATE TEMP TABLE said AS
SELECT (row_number() OVER (ORDER BY meter_id) - 1) / %s AS batch, meter_id,
       {made:d}::smallint AS outcome, 0::bigint AS last_lp_02, 0::bigint AS last_lp_04
  FROM meter_statistics ORDER BY meter_id;
CREATE INDEX ON said (batch);
ANALYZE said;
"""
# The nested loop over the primary key is also the limit's fastest plan.
_SAME_PLAN = "SET enable_hashjoin = off; SET enable_mergejoin = off"
_NEWEST = [f"{name} = GREATEST(known.{name}, to_timestamp(said.{name}))" for name in COLUMNS]
_LIMIT = f"""
UPDATE meter_statistics AS known
   SET {", ".join(_NEWEST)},
       last_contact = statement_timestamp(), {assignments("known", "said.outcome", str(MAXIMUM))}
  FROM said WHERE said.batch = %s AND known.meter_id = said.meter_id
"""
_UPDATES = """
SELECT pg_stat_force_next_flush();
SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'meter_statistics'
"""


def run(bench: Bench) -> Iterator[Result]:
    """500 rows as one concentrator sends them, then 5,000; then how many updates were HOT."""
    with empty_database():
        ids = _populate()
        _grow(ids)
        before = _updates()
        for size, promise in PROMISES.items():
            yield _race(bench, ids, size, promise)
        updated, hot = (now - then for now, then in zip(_updates(), before, strict=True))
        yield measured(
            "HOT share of statistic updates", [hot / updated], "share", HOT_PROMISE,
            notes={"updates": updated},
        )  # fmt: skip


def _grow(ids: list[int]) -> None:
    """Imported rows know nothing yet; as they grow they leave their page once, then they fit."""
    for size in (*PROMISES, *PROMISES):
        for start in range(0, METERS, size):
            _by_product(ids[start : start + size], FIRST_AT)


def _race(bench: Bench, ids: list[int], size: int, promise: float) -> Result:
    batches = [ids[start : start + size] for start in range(0, METERS, size)]
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS said")
        cursor.execute(_SAID.format(made=Outcome.MADE), [size])
        cursor.execute(_SAME_PLAN)
    clock = count(FIRST_AT, 900)
    ours = _turns(batches, lambda _, batch: _by_product(batch, next(clock)))
    theirs = _turns(batches, lambda number, _: _by_server(number))
    result = race(
        f"statistics ingest, {size:,}-row batches", ours, theirs, promise=promise,
        rounds=bench.rounds, items=ROWS_PER_RUN,
    )  # fmt: skip
    return replace(result, notes={**result.notes, "client's share": _client_share(ours)})


def _client_share(turn: Callable[[], None]) -> float:
    """Our own CPU in the seconds of a turn; the rest is the server's."""
    cpu, begin = process_time(), perf_counter()
    turn()
    return (process_time() - cpu) / (perf_counter() - begin)


def _turns(batches: list[list[int]], write: Callable[[int, list[int]], None]) -> Callable[[], None]:
    """Each call writes the next batches, around and around over all meters."""
    places = count()
    per_run = ROWS_PER_RUN // len(batches[0])

    def turn() -> None:
        for _ in range(per_run):
            number = next(places) % len(batches)
            write(number, batches[number])

    return turn


def _by_product(meters: list[int], at: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        statistics = Statistics()
        for meter in meters:
            for column in COLUMNS:
                statistics.newest(meter, column, at)
            statistics.contact(meter, Outcome.MADE)
        statistics.apply(cursor, MAXIMUM)


def _by_server(batch: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LIMIT, [batch])


def _populate() -> list[int]:
    """All meters are like one; of their rows only the statistics matter here."""
    owner = Company.objects.create(name="Bench", code="bench", time_zone="UTC")
    model = MeterModel.objects.create(code="BENCH", phases="mono")
    Meter.objects.create(company=owner, model=model, serial_number="BENCH", mac_address=b"\0" * 6)
    own = {"id", "serial_number", "mac_address"}
    rest = ", ".join(f.column for f in Meter._meta.concrete_fields if f.column not in own)
    with connection.cursor() as cursor:
        cursor.execute(_LIKE_ONE.format(rest=rest), [METERS])
        cursor.execute(_STATISTICS, [EACH])
        cursor.execute("ANALYZE meter_statistics")
        return _ids(cursor)


def _ids(cursor: CursorWrapper) -> list[int]:
    cursor.execute("SELECT meter_id FROM meter_statistics ORDER BY meter_id")
    return [meter for (meter,) in cursor.fetchall()]


def _updates() -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(_UPDATES)
        updated, hot = cursor.fetchone()
        return updated, hot
