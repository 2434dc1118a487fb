"""The simulated field on real sockets, provisioned in the database without template files."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from devices import keys
from devices.choices import (
    ConcentratorState,
    DiscoverySource,
    Holder,
    MeterState,
    ProcessState,
    SecretRole,
)
from devices.drivers.base import Limits
from devices.drivers.cosem.driver import CosemDriver
from devices.models import (
    Association,
    Company,
    Concentrator,
    Meter,
    MeterInstallation,
    MeterModel,
    UsagePoint,
)
from devices.simulator import nameplate, readings
from devices.simulator.device import Fault, FieldOptions
from devices.simulator.entries import default_entry
from devices.simulator.population import Fleet
from devices.simulator.population import Meter as Simulated
from devices.simulator.server import ANY_PORT, RunningField, running_field
from tests.factories import fleets
from workorders.engine import Engine, Options

QUICK = Limits(connect=2.0, exchange=3.0, visit=30.0)
Sample = tuple[str, int]  # meter, value


def visit_all(limits: Limits = QUICK) -> None:
    """Run an engine with the real driver until nothing is due."""
    driver = CosemDriver(pause=0.01)
    Engine(lambda _: driver, Options(limits=limits)).run_until_idle()


def sampled(lines: Iterable[str]) -> Counter[Sample]:
    """The samples of S lines."""
    cells = (line.split(";") for line in lines)
    return Counter((serial, int(value)) for serial, _, value, *_ in cells)


def measured(meters: Iterable[Simulated], begin: int, end: int) -> Counter[Sample]:
    """What the meters measured: every interval that ends in (begin, end]."""
    return Counter(
        (meter.serial, readings.load_profile(meter.seed, meter.serial, channel, instant))
        for meter in meters
        for channel in default_entry(meter.serial).profile
        for instant in range(begin + 900, end + 1, 900)
    )


@contextmanager
def listening(
    fleet: Fleet,
    faults: Mapping[str, Iterable[Fault]] | None = None,
    options: FieldOptions | None = None,
) -> Iterator[RunningField]:
    """A field in a thread of its own for the time of the block."""
    ready, over = threading.Event(), threading.Event()
    found: list[RunningField] = []

    async def serve() -> None:
        async with running_field(
            fleet, faults=faults, options=options, port_base=ANY_PORT
        ) as running:
            found.append(running)
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(20)
    try:
        yield found[0]
    finally:
        over.set()
        thread.join(20)


def provision(owner: Company, fleet: Fleet, running: RunningField) -> list[Concentrator]:
    """The fleet as initialised concentrators with keys and commissioned meters at their PODs."""
    profile = fleets.procedure(owner)
    made = []
    for each in fleet.concentrators:
        td = fleets.concentrator(owner, profile, each.name)
        td.serial_number, td.lv_address = each.serial, each.lv_address
        td.state = ConcentratorState.INITIALISED
        td.host, td.port = running.endpoint(each.serial)
        td.save()
        pair = zip((SecretRole.ENCRYPTION, SecretRole.AUTHENTICATION), each.keys, strict=True)
        others = {
            SecretRole.MASTER: each.secret("k2_password"),
            SecretRole.MAA_PASSWORD: each.secret("maa_password"),
        }
        keys.store(Holder.CONCENTRATOR, td.pk, dict(pair) | others, company_id=owner.pk)
        _meters(td, each.meters)
        made.append(td)
    return made


def install_newcomers(owner: Company, fleet: Fleet) -> None:
    """New meters at their PODs, with the private keys they shall get; under no concentrator."""
    new = tuple(fleet.newcomers)
    _at_their_points(owner, new, MeterState.INSTALLED, ProcessState.TO_ASSOCIATE)
    give_keys(owner, new)


def _meters(td: Concentrator, simulated: tuple[Simulated, ...]) -> None:
    meters = _at_their_points(td.company, simulated, MeterState.COMMISSIONED, ProcessState.NONE)
    Association.objects.bulk_create(
        Association(
            meter=meter, concentrator=td, validity=fleets.ALWAYS, source=DiscoverySource.MANUAL
        )
        for meter in meters
    )


def _at_their_points(
    owner: Company, simulated: tuple[Simulated, ...], state: MeterState, step: ProcessState
) -> list[Meter]:
    models = {
        code: MeterModel.objects.get_or_create(code=code, defaults={"phases": "poly"})[0]
        for code in nameplate.MODELS.values()
    }
    meters = Meter.objects.bulk_create(
        Meter(
            company=owner,
            serial_number=meter.serial,
            mac_address=meter.mac,
            model=models[nameplate.model(meter.serial)],
            state=state,
            process_state=step,
        )
        for meter in simulated
    )
    pods = UsagePoint.objects.bulk_create(
        UsagePoint(company=owner, name=meter.pod) for meter in simulated
    )
    MeterInstallation.objects.bulk_create(
        MeterInstallation(meter=meter, usage_point=pod, validity=fleets.ALWAYS)
        for meter, pod in zip(meters, pods, strict=True)
    )
    return meters


def give_keys(owner: Company, simulated: Iterable[Simulated]) -> None:
    """Let the company hold the keys of these meters, so that orders reach them."""
    ids = dict(Meter.objects.values_list("serial_number", "pk"))
    for meter in simulated:
        pair = {
            SecretRole.ENCRYPTION: meter.encryption_key,
            SecretRole.AUTHENTICATION: meter.authentication_key,
        }
        keys.store(Holder.METER, ids[meter.serial], pair, company_id=owner.pk)
