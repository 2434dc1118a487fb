"""How many bytes of answers the process holds: a visit asks for room before it reads on."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from devices.drivers.base import Batch
from hes.domain.records import lines_in

BYTES_PER_LINE = 40
BYTES_PER_RECORD = 250


def weight(batch: Batch) -> int:
    """Rough bytes a batch takes in memory."""
    lines = sum(lines_in(record) for record in batch.records)
    return BYTES_PER_LINE * lines + BYTES_PER_RECORD * len(batch.records)


class Room:
    """Closes above `limit` bytes held: then nobody reads on, and TCP slows the devices down.

    The limit may be passed by what was already asked for, at most one batch a visit.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.held = limit, 0
        self._open = asyncio.Event()
        self._open.set()

    @property
    def is_full(self) -> bool:
        """Whether who enters now would wait: let go of what you hold before you do."""
        return not self._open.is_set()

    async def enter(self) -> None:
        """Wait until there is room."""
        await self._open.wait()

    @contextmanager
    def holding(self) -> Iterator["Holding"]:
        """What one reader holds; whatever is left is dropped at the end of the block."""
        holding = Holding(self)
        try:
            yield holding
        finally:
            self.change(-holding.size)

    def change(self, size: int) -> None:
        """Count bytes that came (positive) or went."""
        self.held += size
        if self.held < self.limit:
            self._open.set()
        else:
            self._open.clear()


class Holding:
    """The bytes of one reader."""

    __slots__ = ("_room", "size")

    def __init__(self, room: Room) -> None:
        self._room, self.size = room, 0

    def add(self, batch: Batch) -> None:
        """A batch came."""
        self._change(weight(batch))

    def drop(self, batch: Batch) -> None:
        """A batch is recorded."""
        self._change(-weight(batch))

    def _change(self, size: int) -> None:
        self.size += size
        self._room.change(size)
