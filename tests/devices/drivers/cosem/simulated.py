"""Sessions with a simulated field of two concentrators at a fixed instant."""

import itertools
from contextlib import asynccontextmanager

from devices.drivers.base import Credentials, Endpoint
from devices.drivers.cosem.driver import CosemDriver
from devices.drivers.duties import Duty
from devices.simulator.device import FieldOptions
from devices.simulator.faults import FAULTS
from devices.simulator.population import Concentrator, Fleet
from devices.simulator.server import RunningField, running_field
from tests.devices.drivers.cosem.device import CLIENT_TITLE, SANTIAGO, patient

NOW = 1_781_110_000  # 2026-06-10 16:46 UTC
SEED, METERS = 7, 12
FLEET = Fleet.generate(SEED, 2, METERS)
FIRST, SECOND = FLEET.concentrators
OPTIONS = FieldOptions(answer_share=1.0, now=lambda: float(NOW))
COMPACT = FieldOptions(answer_share=1.0, now=lambda: float(NOW), compact=True)
METER = FIRST.meters[0]
ORDER = 4711
_counters = itertools.count(step=1_000)


def field(options: FieldOptions = OPTIONS, faults=None, state=None):
    return running_field(FLEET, options=options, faults=faults, port_base=0, state=state)


def keys_of(device, title: bytes | None = None) -> Credentials:
    """Fresh counters at every call, as a database would give them."""
    guek, gak = getattr(device, "keys", None) or (device.encryption_key, device.authentication_key)
    draw = itertools.count(next(_counters)).__next__
    return Credentials(CLIENT_TITLE, title, guek, gak, draw)


async def opened(
    running: RunningField, concentrator: Concentrator = FIRST, *, tags: bool = False, **limits
):
    endpoint = Endpoint(*running.endpoint(concentrator.serial), SANTIAGO)
    driver = CosemDriver(pause=0.01, tag_orders=tags)
    return await driver.open(endpoint, keys_of(concentrator), patient(**limits))


@asynccontextmanager
async def line(running, meter=METER):
    """An open line to a meter; the visit ends with it."""
    session = await opened(running, tags=True)
    try:
        async with session.meter(meter.mac, keys_of(meter)) as found:
            yield found
    finally:
        await session.close()


async def performed(running, *duties: Duty, order: int = ORDER) -> list:
    async with line(running) as meter:
        return [await meter.perform(duty, order) for duty in duties]


async def at_concentrator(running, *duties: Duty) -> list:
    session = await opened(running)
    try:
        return [await session.perform(duty, ORDER) for duty in duties]
    finally:
        await session.close()


def faulty(name: str, *amount: float, **times: float):
    return field(faults={FIRST.serial: [FAULTS[name](*amount, **times)]})


def executions(running, order: int = ORDER) -> dict:
    return running.holdings.meter(METER).executions.get(str(order), {})
