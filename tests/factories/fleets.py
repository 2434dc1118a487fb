"""A small fleet in the database, and what its field says: for tests of recording."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from devices import partitions
from devices.choices import DiscoverySource, MeterState, Phases, Purpose
from devices.drivers.base import Batch, Cycles
from devices.models import (
    Association,
    Company,
    Concentrator,
    EnergyProfile,
    ExportBlock,
    MeasurandItem,
    MeasurandProfile,
    Meter,
    MeterInstallation,
    MeterModel,
    ProcedureProfile,
    UsagePoint,
)
from devices.outbox.blocks import read_lines
from devices.recording import CollectionEnd
from hes.domain.records import LoadProfileRun, Record
from hes.domain.time import DAY, QUARTER, day_number

ALWAYS = DateTimeTZRange(datetime(2020, 1, 1, tzinfo=UTC), None)
ALL_ENERGIES = [2, 4, 8, 16, 32, 64]
VOLTAGE_R = 0x0D


def no_fence(_cursor: object) -> None:
    """The fence of a worker that never lost its lease."""


def make_partitions(ledger_days: int = 45) -> None:
    """What recording needs around today."""
    partitions.ensure_around(today(), ledger_days)


def today() -> date:
    return datetime.now(UTC).date()


def midnight(days_ago: int = 1) -> int:
    """Begin of a past UTC day as epoch seconds."""
    return (day_number(today()) - days_ago) * DAY


def mac(number: int) -> bytes:
    return (0x860E24000000 + number).to_bytes(6, "big")


def company(zone: str = "UTC", code: str = "demo") -> Company:
    return Company.objects.create(name=f"Company {code}", code=code, time_zone=zone)


def procedure(owner: Company) -> ProcedureProfile:
    """Collects every closure, every channel, average voltage of phase R."""
    closures = [2, 4, 8, 16]
    measurands = MeasurandProfile.objects.create(company=owner, name="measurands")
    MeasurandItem.objects.create(profile=measurands, register=VOLTAGE_R, value_type=2, period=15)
    return ProcedureProfile.objects.create(
        company=owner,
        name="all",
        closure_energy=EnergyProfile.objects.create(
            company=owner, name="dc", purpose=Purpose.CLOSURE, mono=closures, poly=closures
        ),
        load_profile_energy=EnergyProfile.objects.create(
            company=owner, name="lp", purpose=Purpose.LOAD_PROFILE, mono=[2, 8], poly=ALL_ENERGIES
        ),
        measurands=measurands,
    )


def concentrator(
    owner: Company, profile: ProcedureProfile | None, name: str = "TD-33585"
) -> Concentrator:
    return Concentrator.objects.create(
        company=owner,
        name=name,
        serial_number=f"20LVM{name}",
        lv_address=b"\x00" * 6,
        procedure_profile=profile,
    )


def meters(
    owner: Concentrator, count: int, first: int = 1, phases: Phases = Phases.MONO
) -> list[Meter]:
    """Commissioned meters with a POD each, associated for ever; numbers go into MAC and serial."""
    model, _ = MeterModel.objects.get_or_create(code=f"M-{phases}", defaults={"phases": phases})
    made = Meter.objects.bulk_create(
        Meter(
            company_id=owner.company_id,
            serial_number=f"UAAEEDN{number:011d}",
            mac_address=mac(number),
            model=model,
            state=MeterState.COMMISSIONED,
        )
        for number in range(first, first + count)
    )
    pods = UsagePoint.objects.bulk_create(
        UsagePoint(company_id=owner.company_id, name=f"POD{number}")
        for number in range(first, first + count)
    )
    MeterInstallation.objects.bulk_create(
        MeterInstallation(meter=meter, usage_point=pod, validity=ALWAYS)
        for meter, pod in zip(made, pods, strict=True)
    )
    Association.objects.bulk_create(
        Association(meter=meter, concentrator=owner, validity=ALWAYS, source=DiscoverySource.MANUAL)
        for meter in made
    )
    return made


def run(
    number: int = 1,
    first_end: int | None = None,
    count: int = 96,
    status: int = 0,
    channels: tuple[int, ...] = (0,),
    offset: int = 0,
) -> LoadProfileRun:
    """Load profile of one meter; by default channel 0 of the whole day before yesterday."""
    values = tuple(range(100, 100 + count))
    return LoadProfileRun(
        mac=mac(number),
        cycle=1,
        period=15,
        first_end=midnight(2) + QUARTER if first_end is None else first_end,
        offset=offset,
        status=status,
        count=count,
        channels=tuple(values if channel in channels else None for channel in range(6)),
    )


def lines(kind: str) -> list[str]:
    """All lines of a kind that have left, in the order in which they were stored."""
    blocks = ExportBlock.objects.filter(kind=kind).order_by("id")
    text = b"".join(read_lines(block.body, block.is_compressed) for block in blocks)
    return text.decode().splitlines()


def statistics(meter_id: int, *columns: str) -> tuple[object, ...]:
    """Columns of a meter's statistics row."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(columns)} FROM meter_statistics WHERE meter_id = %s", [meter_id]
        )
        return tuple(cursor.fetchone())


def days_ago(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def batch(*records: Record) -> Batch:
    """Records of one collection, all their MACs seen."""
    return Batch(records, frozenset(record.mac for record in records))


def end(
    reader: str = "load_profile",
    cycle: int | None = 1,
    seen: Iterable[int] = (),
    counts_nrn: bool = True,
) -> CollectionEnd:
    """The end of a collection that saw some meters, by number."""
    return CollectionEnd(
        reader=reader,
        cycles=None if cycle is None else Cycles(cycle, cycle),
        seen=frozenset(mac(number) for number in seen),
        counts_nrn=counts_nrn,
        close=no_fence,
    )
