"""A visit to a test device, and the ways to spoil its answers."""

import pytest

from devices.drivers.base import (
    Cycles,
    FieldError,
    Table,
)
from devices.drivers.cosem.driver import CosemDriver
from devices.protocol.apdu import ExceptionResponse
from devices.protocol.errors import ServiceError, StateError
from tests.devices.drivers.cosem.device import (
    Device,
    credentials,
    patient,
    serving,
)
from tests.devices.drivers.cosem.rows import T0, following, keyed

AARQ, PASS_THREE, IDENTITY, COLUMNS, FIRST_BLOCK, SECOND_BLOCK = 1, 2, 3, 4, 5, 6
"""Numbers of the answers of a visit."""
CYCLE = Cycles(420, 420)
MACS = [number.to_bytes(6, "big") for number in range(250)]
LONG = [row for mac in MACS for row in (keyed(T0, 0, mac=mac), *[following(1)] * 23)]


def instead(number: int, make):
    """A twist that replaces answer `number` since the device was started."""

    def twist(seen: int, request, answer: bytes):
        return make(request, answer) if seen == number else answer

    return twist


def apdu(answer: bytes):
    return lambda request, _: request.framed(answer)


def flipped(_, answer: bytes) -> bytes:
    return answer[:-1] + bytes((answer[-1] ^ 1,))


def twice(_, answer: bytes) -> bytes:
    return answer + answer


def exception(service: ServiceError, counter: int | None = None):
    reply = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, service, counter)
    return apdu(reply.encode())


async def visit(endpoint, known=None, **limits) -> list:
    """A visit with one collection; the session is closed whatever happens."""
    session = await CosemDriver(pause=0.01).open(
        endpoint, known or credentials(), patient(**limits)
    )
    try:
        await session.identify()
        return [batch async for batch in session.collect(Table.LOAD_PROFILE, CYCLE)]
    finally:
        await session.close()


async def failure(device: Device, known=None, **limits) -> FieldError:
    async with serving(device) as endpoint:
        with pytest.raises(FieldError) as raised:
            await visit(endpoint, known, **limits)
    return raised.value
