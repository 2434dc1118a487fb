"""100,000 losses of power under 2,000 transformers of 500 substations, recorded before: rolled up
by looks of the rules into outages with their customers, lines and timeline; then all come back.
Two blows: one by the meters themselves, one by their concentrators.
"""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection

from benchmarks.bench import Bench
from benchmarks.race import Result, measured
from benchmarks.servers import empty_database, owner_cursor, truncate
from devices import partitions
from devices.models import Company, MeterModel
from listeners import outage_store
from listeners.models import Outage

SUBSTATIONS, OF_EACH, METERS = 500, 4, 50  # transformers of a substation, meters of one
EVENTS = SUBSTATIONS * OF_EACH * METERS
SECONDS = 5.0
MINUTE = timedelta(minutes=1)

Spent = tuple[float, float]

# One concentrator under each transformer; numbers make names.
_NETWORK = """
INSERT INTO substation (company_id, name, description, address, city, windows_time_zone, time_zone)
SELECT %(company)s, 'SE-' || n, '', '', '', '', 'UTC' FROM generate_series(1, %(substations)s) n;
INSERT INTO transformer (company_id, substation_id, code, description)
SELECT %(company)s, s.id, s.name || '/' || n, '' FROM substation s, generate_series(1, %(each)s) n;
INSERT INTO concentrator (company_id, name, serial_number, lv_address, ppp_username, maa_username,
    software_version, host, port, driver, substation_id, transformer_id, state, stop_activity,
    stopped_by, stop_reason, software_update_state, tag, inserted_at, updated_at)
SELECT %(company)s, 'TD-' || id, 'C' || id, '', '', '', '', '', 4059, 'cosem', substation_id, id,
    'initialised', false, '', '', '', '', now(), now() FROM transformer;
INSERT INTO meter (company_id, serial_number, board_serial_number, mac_address, model_id, firmware,
    hardware, service_kind, state, process_state, breaker_state, error_instant_closure,
    may_hold_public_keys, tag, inserted_at, updated_at)
SELECT %(company)s, c.serial_number || '-' || n, '', int8send(c.id * 1000 + n), %(model)s, '', '',
    'Electric', 'commissioned', '', 100, false, false, '', now(), now()
FROM concentrator c, generate_series(1, %(meters)s) n;
INSERT INTO usage_point (company_id, name, address, city, province, country, is_balance,
    net_billing, contract_state, tag, inserted_at, updated_at)
SELECT %(company)s, serial_number, '', '', '', '', false, false, 'active', '', now(), now()
FROM meter;
INSERT INTO meter_installation (meter_id, usage_point_id, validity)
SELECT m.id, u.id, tstzrange('2020-01-01', NULL) FROM meter m JOIN usage_point u
    ON u.name = m.serial_number;
INSERT INTO association (meter_id, concentrator_id, validity, phase, source)
SELECT m.id, c.id, tstzrange('2020-01-01', NULL), 0, 'manual'
FROM meter m JOIN concentrator c ON c.serial_number = split_part(m.serial_number, '-', 1);
"""
_TELL = """
INSERT INTO power_change (company_id, {column}, is_dark, at, source)
SELECT company_id, id, %s, %s + random() * interval '5 seconds', 'gasp' FROM {table}
ORDER BY random()
"""


def run(bench: Bench) -> Iterator[Result]:
    """The same network for both blows."""
    with empty_database():
        owner = _network()
        with owner_cursor() as cursor:
            cursor.execute("ANALYZE")
        for what, column, table in (
            (f"{EVENTS:,} losses of meters rolled up", "meter_id", "meter"),
            (f"{EVENTS:,} meters below dark concentrators", "concentrator_id", "concentrator"),
        ):
            rounds = [_blow(owner, column, table) for _ in range(min(bench.rounds, 3))]
            for name, spent in zip(
                (what, f"{what}, and all back"), zip(*rounds, strict=True), strict=True
            ):
                seconds, processor = zip(*spent, strict=True)
                notes = {"processor s, ours and PostgreSQL's": min(processor)}
                yield measured(name, seconds, "s", SECONDS, at_most=True, notes=notes)


def _network() -> Company:
    owner = Company.objects.create(name="Outages", code="outages")
    model = MeterModel.objects.create(code="M", phases="mono")
    partitions.ensure_around(datetime.now(UTC).date(), 1)
    values = {
        **{"company": owner.pk, "model": model.pk, "substations": SUBSTATIONS},
        **{"each": OF_EACH, "meters": METERS},
    }
    with connection.cursor() as cursor:
        cursor.execute(_NETWORK, values)
    return owner


def _blow(owner: Company, column: str, table: str) -> tuple[Spent, Spent]:
    """What the looks take that open all outages, and those that close them."""
    truncate("power_change", "interruption", "outage", "outage_step", "outage_storm",
             "export_block", "outage_day", "listener_cursor")  # fmt: skip
    begun = datetime.now(UTC) - timedelta(hours=1)
    _tell(column, table, True, begun)
    opened = _looked(begun + 5 * MINUTE)
    reached = list(Outage.objects.filter(state="open").values_list("level", "customers"))
    assert reached == [("substation", OF_EACH * METERS)] * SUBSTATIONS, reached[:5]
    _tell(column, table, False, begun + 10 * MINUTE)
    closed = _looked(begun + 11 * MINUTE)
    assert set(Outage.objects.values_list("state", flat=True)) <= {"closed", "merged"}
    assert Outage.objects.filter(state="closed", company=owner).count() == SUBSTATIONS
    return opened, closed


def _tell(column: str, table: str, is_dark: bool, at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_TELL.format(column=column, table=table), [is_dark, at])


def _looked(now: datetime) -> Spent:
    """Seconds until a look finds nothing more: on the clock, and of processors."""
    begin, before = time.perf_counter(), _processor_seconds()
    while outage_store.look(now):
        pass
    return time.perf_counter() - begin, _processor_seconds() - before


def _processor_seconds() -> float:
    """Of this process and of the one that serves it; the clock also counts what others do."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    ticks = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return time.process_time() + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
