"""The third fence around one command: who sends it or reads it back holds a lock of its session.

Token and lease are counted by the database's clock; should that jump, another worker may take the
lane over while a slow command is still under way. It then meets this lock and leaves the order
alone (design D13; research/reliability-security 3). The lock ends with the session.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from django.db import connection

from workorders.threads import DATABASE_GONE, Caller

AT_ONCE = 64  # of a process: every one takes room in the server's lock table
_NAME = 0x4F72  # first half of the lock's name, the device is the second
_TRY = "SELECT pg_try_advisory_lock(%s, %s)"
_RELEASE = "SELECT pg_advisory_unlock(%s, %s)"


def device(meter_id: int | None, concentrator_id: int) -> int:
    """The second half: meters and concentrators count apart; 31 bits, a clash only waits."""
    number = concentrator_id * 2 + 1 if meter_id is None else meter_id * 2
    return number & 0x7FFFFFFF


@asynccontextmanager
async def held(control: Caller, of: int) -> AsyncIterator[bool]:
    """For the time of the block; says whether it is ours, False while another session has it.

    The session outlives its visits. So a visit that is cancelled while it asks for the lock, or
    while it gives it back, leaves nothing behind either: for as long as this process lives nobody
    else could send a command to that device.
    """
    asked = asyncio.ensure_future(control(acquire, of))
    try:
        yield await asyncio.shield(asked)
    finally:
        await asyncio.shield(_give_back(control, of, asked))


async def _give_back(control: Caller, of: int, asked: asyncio.Future[bool]) -> None:
    with suppress(*DATABASE_GONE):  # a session that was lost has lost its locks
        if await asked:
            await control(release, of)


def acquire(of: int) -> bool:
    """Take the lock of a device; False while another session has it."""
    with connection.cursor() as cursor:
        cursor.execute(_TRY, [_NAME, of])
        return bool(cursor.fetchone()[0])


def release(of: int) -> None:
    """Give it back; a session that was lost has lost it already."""
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, [_NAME, of])
