"""Sends the messages of one range, each partition in order, and isolates what a hub refuses."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterable

from integration.export.messages.packing import Message, partition_of
from integration.export.sinks.event_hub.client import Hub
from integration.export.sinks.event_hub.errors import Rejected
from integration.export.sinks.event_hub.patience import Patience

TRIES = 5  # of a single message that is refused

Park = Callable[[Message, str, int], Awaitable[None]]
"""Keeps a message that the hub refuses: the reason, and after how many tries."""


class Sender:
    """Delivers ranges; a range that failed half way goes on where each partition stopped."""

    def __init__(self, hub: Hub, park: Park, patience: Patience) -> None:
        self.hub = hub
        self._park, self._patience = park, patience
        self._range: Hashable = None
        self._passed: defaultdict[int, int] = defaultdict(int)

    async def deliver(self, name: Hashable, messages: Iterable[Message]) -> None:
        """Returns when every message is stored or parked; `name` tells ranges apart.

        Raises Unavailable after every partition has gone as far as it can.
        """
        partitions = await self.hub.open()
        self._begin((name, partitions))
        queues = defaultdict[int, list[Message]](list)
        for message in messages:
            queues[partition_of(message.key, partitions)].append(message)
        flows = [
            self._flow(number, queue[self._passed[number] :]) for number, queue in queues.items()
        ]
        # A flow is never cancelled for another's failure: what it sends would leave twice.
        for outcome in await asyncio.gather(*flows, return_exceptions=True):
            if outcome is not None:
                raise outcome

    def _begin(self, name: Hashable) -> None:
        if name != self._range:
            self._range = name
            self._passed.clear()

    async def _flow(self, partition: int, messages: list[Message]) -> None:
        """One batch in flight, full batches, in order."""
        while messages:
            try:
                sent = await self.hub.send(partition, messages)
                self._passed[partition] += sent
            except Rejected as fault:
                sent = fault.count
                await self._narrow(partition, messages[:sent], fault)
            messages = messages[sent:]

    async def _narrow(self, partition: int, refused: list[Message], fault: Rejected) -> None:
        """Halve a refused batch until the refused message stands alone."""
        if len(refused) == 1:
            await self._insist(partition, refused, fault)
            return
        middle = len(refused) // 2
        await self._flow(partition, refused[:middle])
        await self._flow(partition, refused[middle:])

    async def _insist(self, partition: int, single: list[Message], fault: Rejected) -> None:
        tries = 1
        while tries < TRIES and not fault.is_final:
            await asyncio.sleep(self._patience.refused_pause)
            try:
                await self.hub.send(partition, single)
                break
            except Rejected as again:
                tries, fault = tries + 1, again
        else:
            await self._park(single[0], str(fault), tries)
        self._passed[partition] += 1
