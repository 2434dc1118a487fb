"""The stream of a demo: the local Event Hub, unless the environment names another one."""

import asyncio
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from azure.eventhub import EventData
from django.conf import settings

from hes.demo import processes
from hes.demo.announcement import STREAM
from hes.lib.home import kept_secret
from hes.supervisor import Child
from integration.eventhub_local.sas import connection_string
from integration.export.cursor import START, Position, has_more, read_after
from integration.export.messages.packing import cut
from integration.export.messages.routes import Route, routes
from integration.export.sinks.event_hub.access import Access
from integration.export.sinks.event_hub.reading import property_of, read_all
from integration.models import SinkCursor

HOST = "127.0.0.1"
FOLDER = "eventhub"


@dataclass(frozen=True, slots=True)
class Stream:
    """Where the hubs are; `hub` is the process that serves them, None where they are elsewhere."""

    connection_string: str = field(repr=False)
    hubs: tuple[str, ...]
    hub: Child | None

    @property
    def facts(self) -> dict[str, object]:
        """For `demo.json`. The address of a hub elsewhere is nobody's business: it is a secret."""
        named = self.connection_string if self.hub else ""
        return {"connection_string": named, "hubs": list(self.hubs)}

    @property
    def children(self) -> list[Child]:
        """Processes to run, in order."""
        return [self.hub] if self.hub else []


def prepare(home: Path, port: int) -> Stream:
    """Names of the hubs and, where none are configured, a local one that listens on `port`.

    Processes started afterwards find it in their environment.
    """
    hubs = tuple(sorted({route.hub for route in routes()}))
    if settings.EVENT_HUB_CONNECTION_STRING or settings.EVENT_HUB_NAMESPACE:
        return Stream(settings.EVENT_HUB_CONNECTION_STRING, hubs, None)
    key_file = home / "eventhub_key"
    key = kept_secret(key_file, lambda: secrets.token_urlsafe(32))
    os.environ[STREAM] = address = connection_string(HOST, port, key, is_plain=True)
    names = [f"--hub={hub}" for hub in hubs]
    where = ("--folder", str(home / FOLDER), "--port", str(port), "--key-file", str(key_file))
    return Stream(address, hubs, processes.child("eventhub", "eventhub", *where, *names))


def is_behind() -> bool:
    """Whether a committed block has not reached its hub yet."""
    at = {sink.sink: Position(sink.xid, sink.block_id) for sink in SinkCursor.objects.all()}
    return any(has_more(at.get(route.sink, START), route.stream) for route in routes())


@dataclass(slots=True)
class HubFacts:
    """One hub beside the blocks it should hold.

    `expected` messages follow from the blocks; `lines` counts lines that came once or more.
    """

    blocks: int = 0
    block_lines: int = 0
    expected: int = 0
    messages: int = 0
    lines: int = 0
    repeats: int = 0


def is_complete(facts: dict[str, int]) -> bool:
    """Whether a hub holds each line of its blocks, in the messages that follow from them."""
    return (facts["lines"], facts["messages"] - facts["repeats"]) == (
        facts["block_lines"],
        facts["expected"],
    )


def compare(stream: Stream) -> dict[str, dict[str, int]]:
    """Count blocks in the database, and messages in the hubs with the official client."""
    facts = {hub: HubFacts() for hub in stream.hubs}
    for route in routes():
        _count_blocks(route, facts[route.hub])
    asyncio.run(_count_messages(stream, facts))
    return {hub: asdict(found) for hub, found in facts.items() if found.blocks or found.messages}


def _count_blocks(route: Route, facts: HubFacts) -> None:
    position = START
    while blocks := read_after(position, stream=route.stream):
        for block in blocks:
            facts.blocks += 1
            facts.block_lines += block.lines
            facts.expected += sum(1 for _ in cut(block, route.company, route.packing))
        position = blocks[-1].position


async def _count_messages(stream: Stream, facts: dict[str, HubFacts]) -> None:
    access = Access(connection_string=stream.connection_string)
    await asyncio.gather(*(_count_hub(access, hub, found) for hub, found in facts.items()))


async def _count_hub(access: Access, hub: str, facts: HubFacts) -> None:
    seen: set[str] = set()

    def take(event: EventData) -> None:
        dedup_id = property_of(event, "dedup_id")
        facts.messages += 1
        facts.repeats += dedup_id in seen
        facts.lines += 0 if dedup_id in seen else int(property_of(event, "lines"))
        seen.add(dedup_id)

    await read_all(access.consumer(hub), take)
