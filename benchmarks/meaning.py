"""A burst of 100,000 datagrams over 1,000 concentrators of 99 meters, fully understood: senders
and duplicates asked for; messages, last messages, states, changes, events, lines; batch by
batch, each a commit. First a cut nobody has heard of before (every row is new), then its end (every
row is there). Beside it the raw journal's rate: the same rows appended by binary COPY.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from time import perf_counter

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from benchmarks.bench import Bench
from benchmarks.race import Result, measured
from benchmarks.servers import empty_database, owner_cursor
from devices import partitions
from devices.choices import DiscoverySource, MeterState, Phases
from devices.models import (
    Association,
    Company,
    Concentrator,
    Meter,
    MeterInstallation,
    MeterModel,
    UsagePoint,
)
from devices.protocol.spontaneous import Kind, Message, encode
from hes.lib import copy_binary
from listeners.meaning import understand

CONCENTRATORS, METERS = 1_000, 99
BURST = CONCENTRATORS * (METERS + 1)
PER_COMMIT = 5_000  # rows of the journal
PROMISE = 40_000.0
PORT = 58_693
ALWAYS = DateTimeTZRange(datetime(2020, 1, 1, tzinfo=UTC), None)
_COLUMNS = ("day", "received_at", "source", "source_port", "port", "size", "raw")


def run(bench: Bench) -> Iterator[Result]:
    """The cut, then its end."""
    with empty_database():
        _populate()
        now = int(datetime.now(UTC).timestamp())
        partitions.ensure_around(datetime.now(UTC).date(), ledger_days=2)
        for name, kinds, at in (
            ("100,000 datagrams understood, all new", _CUT, now - 300),
            ("100,000 datagrams understood, all known", _END, now - 200),
        ):
            journal = _receive(kinds, at)
            yield _understood(name, journal)


_CUT = Kind.CONCENTRATOR_OFF, Kind.METER_LOST
_END = Kind.CONCENTRATOR_ON, Kind.METER_BACK


def _understood(name: str, journal: float) -> Result:
    begin, total = perf_counter(), 0
    while (done := understand()).total:
        assert done.stored == done.total
        total += done.total
    seconds = perf_counter() - begin
    assert total == BURST, f"{total} of {BURST}"
    notes = {"journal per s": BURST / journal, "s": seconds}
    return measured(name, [BURST / seconds], "per s", PROMISE, notes=notes)


def _receive(kinds: tuple[Kind, Kind], at: int) -> float:
    """Append the burst to the journal; seconds that took."""
    rows = list(_rows(kinds, at))
    begin = perf_counter()
    for start in range(0, BURST, PER_COMMIT):
        with transaction.atomic(), connection.cursor() as cursor:
            part = rows[start : start + PER_COMMIT]
            copy_binary.copy_binary(cursor, "datagram", _COLUMNS, part)
    return perf_counter() - begin


def _rows(kinds: tuple[Kind, Kind], at: int) -> Iterator[bytes]:
    own, meters = kinds
    day, received = copy_binary.day(datetime.now(UTC).date()), copy_binary.instant(at + 5)
    for number in range(CONCENTRATORS):
        spoken = _serial(number)[:8] + _serial(number)[8:].replace("0", "", 1)
        source = copy_binary.address(ip_address(_host(number)).packed)
        messages = [Message(own, spoken, at)]
        messages += [Message(meters, spoken, at, mac=_mac(number, row)) for row in range(METERS)]
        for raw in map(encode, messages):
            sizes = copy_binary.integer(PORT), copy_binary.integer(len(raw))
            ports = copy_binary.integer(40_000)
            yield copy_binary.row(day, received, source, ports, *sizes, copy_binary.octets(raw))


def _populate() -> None:
    owner = Company.objects.create(name="Bench", code="bench")
    model = MeterModel.objects.create(code="BENCH", phases=Phases.MONO)
    concentrators = Concentrator.objects.bulk_create(
        Concentrator(
            company=owner, name=f"TD-{number}", serial_number=_serial(number), host=_host(number),
            lv_address=bytes(6), state="initialised",
        )
        for number in range(CONCENTRATORS)
    )  # fmt: skip
    for number, one in enumerate(concentrators):
        _add_meters(owner, model, number, one)
    with owner_cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum would; the application's role may not


def _add_meters(owner: Company, model: MeterModel, number: int, one: Concentrator) -> None:
    names = [f"{number * METERS + row:011d}" for row in range(METERS)]
    meters = Meter.objects.bulk_create(
        Meter(
            company=owner, model=model, state=MeterState.COMMISSIONED, serial_number=f"BENCH{name}",
            mac_address=_mac(number, row),
        )
        for row, name in enumerate(names)
    )  # fmt: skip
    pods = UsagePoint.objects.bulk_create(UsagePoint(company=owner, name=name) for name in names)
    MeterInstallation.objects.bulk_create(
        MeterInstallation(meter=meter, usage_point=pod, validity=ALWAYS)
        for meter, pod in zip(meters, pods, strict=True)
    )
    Association.objects.bulk_create(
        Association(meter=meter, concentrator=one, validity=ALWAYS, source=DiscoverySource.MANUAL)
        for meter in meters
    )


def _serial(number: int) -> str:
    return f"20LVM50A{10_000_000 + number}"


def _host(number: int) -> str:
    return f"10.2.{number // 250}.{number % 250}"


def _mac(number: int, row: int) -> bytes:
    return (0x860E24000000 + number * METERS + row).to_bytes(6, "big")
