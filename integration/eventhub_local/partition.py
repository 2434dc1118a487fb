"""One partition of a hub: storing, being told of news, and who may read (epochs, five readers)."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

from integration.eventhub_local.errors import AmqpError
from integration.eventhub_local.log import Log

MOST_READERS = 5  # per partition and consumer group, as the service has it
STOLEN = "amqp:link:stolen"


class Reader(Protocol):
    """A receiving link; `epoch` is None for one that shares."""

    epoch: int | None

    def dismiss(self, fault: AmqpError) -> None:
        """Detach it, telling why."""


class Partition:
    """A log that several links write and read at once; readers see what is safely stored."""

    def __init__(self, number: int, log: Log, *, durable: bool) -> None:
        self.number = number
        self.log = log
        self.end, self.last = log.end, log.last
        self._durable = durable
        self._writing = asyncio.Lock()
        self._news = asyncio.Event()
        self._readers: dict[str, list[Reader]] = defaultdict(list)

    async def store(self, messages: Sequence[bytes], delay: float = 0) -> None:
        """Append a batch; on return it is as safe as asked for. Once begun it is finished."""
        await asyncio.shield(self._store(messages, delay))

    async def news(self) -> None:
        """Until something new can be read."""
        await self._news.wait()

    async def keep_house(self) -> None:
        """Let go what retention does not keep."""
        async with self._writing:
            self.log.keep_house()

    async def close(self) -> None:
        """Close the log after the batch being written."""
        async with self._writing:
            self.log.close()

    def admit(self, group: str, reader: Reader) -> None:
        """Let a reader in; the highest epoch, among equals the newest, reads alone."""
        readers = self._readers[group]
        highest = max((each.epoch for each in readers if each.epoch is not None), default=None)
        if highest is not None and (reader.epoch is None or reader.epoch < highest):
            raise AmqpError(STOLEN, f"A receiver with epoch {highest} reads this partition.")
        if reader.epoch is not None:
            for other in list(readers):  # each leaves as it is dismissed
                other.dismiss(AmqpError(STOLEN, f"A receiver with epoch {reader.epoch} came."))
        elif len(readers) >= MOST_READERS:
            raise AmqpError(
                "amqp:resource-limit-exceeded",
                f"{MOST_READERS} receivers of this consumer group read this partition already.",
            )
        readers.append(reader)

    def leave(self, group: str, reader: Reader) -> None:
        """Make room; harmless for one who has been dismissed."""
        readers = self._readers[group]
        readers[:] = [each for each in readers if each is not reader]

    async def _store(self, messages: Sequence[bytes], delay: float) -> None:
        async with self._writing:
            await asyncio.sleep(delay)
            self.log.append(messages)
            if self._durable:
                await asyncio.to_thread(self.log.sync)
            self.end, self.last = self.log.end, self.log.last
            news, self._news = self._news, asyncio.Event()
            news.set()
