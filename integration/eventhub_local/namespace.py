"""What the service holds: hubs with their partitions, the key, the switches; and its addresses."""

import itertools
import json
import re
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from integration.eventhub_local.errors import AmqpError, EventHubFault
from integration.eventhub_local.faults import FaultSwitches
from integration.eventhub_local.log import Log, Retention
from integration.eventhub_local.partition import Partition

HUB_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,254}[A-Za-z0-9])?")
MOST_PARTITIONS = 32
DESCRIPTION = "hub.json"


@dataclass(frozen=True, slots=True)
class Hub:
    """A hub to serve; any consumer group exists unless `groups` lists them."""

    name: str
    partitions: int = 4
    groups: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if not HUB_NAME.fullmatch(self.name):
            raise EventHubFault(f"{self.name!r} is no hub name: letters, digits, dot, dash, _")
        if not 1 <= self.partitions <= MOST_PARTITIONS:
            raise EventHubFault(f"{self.name}: give 1 to {MOST_PARTITIONS} partitions")


class OpenHub:
    """A hub being served."""

    def __init__(self, hub: Hub, folder: Path, retention: Retention, *, durable: bool) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.name = hub.name
        self.groups = hub.groups
        self.created = _described(hub, folder / DESCRIPTION)
        self.partitions = [
            Partition(number, Log(folder / str(number), retention), durable=durable)
            for number in range(hub.partitions)
        ]
        self._turn = itertools.count()

    def partition(self, name: str) -> Partition:
        """By its id; `AmqpError` when there is none."""
        for partition in self.partitions:
            if name == str(partition.number):
                return partition
        raise AmqpError("amqp:not-found", f"Hub {self.name} has no partition {name!r:.40}.")

    def choose(self, key: str) -> Partition:
        """The partition of a partition key (stable, not the service's hash), or in turn."""
        number = zlib.crc32(key.encode()) if key else next(self._turn)
        return self.partitions[number % len(self.partitions)]

    def check_group(self, group: str) -> None:
        """`AmqpError` for a consumer group that does not exist."""
        if self.groups is not None and group not in self.groups:
            raise AmqpError("amqp:not-found", f"Hub {self.name} has no consumer group {group}.")


def _described(hub: Hub, path: Path) -> int:
    """Note what the hub is, in ms when it was made; refuse a folder with more partitions."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if known.get("partitions", 0) > hub.partitions:
        raise EventHubFault(
            f"{path.parent} holds {known['partitions']} partitions, {hub.partitions} were asked "
            "for: partitions never become fewer; ask for as many or choose another folder"
        )
    created = int(known.get("created", time.time() * 1000))
    path.write_text(json.dumps({"partitions": hub.partitions, "created": created}))
    return created


@dataclass(frozen=True, slots=True)
class Namespace:
    """All a connection needs to know of the service."""

    hubs: dict[str, OpenHub]
    key: str
    faults: FaultSwitches
    stored: "itertools.count[int]"  # batches stored so far, counted from 1

    def hub(self, name: str) -> OpenHub:
        """By name, in any case; `AmqpError` when there is none."""
        found = self.hubs.get(name.casefold())
        if found is None:
            raise AmqpError("amqp:not-found", f"The messaging entity {name!r:.120} does not exist.")
        return found


@dataclass(frozen=True, slots=True)
class Address:
    """`hub[/ConsumerGroups/group][/Partitions/n]`, or `$cbs`, or `[hub/]$management`."""

    hub: str
    group: str = ""
    partition: str = ""

    @property
    def path(self) -> str:
        """What a token has to cover: the hub or, for a reader, its consumer group."""
        return f"{self.hub}/consumergroups/{self.group}" if self.group else self.hub

    @property
    def service(self) -> str:
        """The service's own node it names, "" for none."""
        return self.hub if self.hub in {"$cbs", "$management"} else ""


def address(text: str) -> Address:
    """Read a node's address: a path, or a URL in front of one."""
    try:
        path = urlsplit(text).path if "//" in text else text
    except ValueError as fault:
        raise AmqpError("amqp:not-found", f"{text!r:.120} is no address.") from fault
    hub, *rest = path.strip("/").split("/")
    if rest == ["$management"]:
        return Address("$management")
    named = {name.casefold(): value for name, value in zip(rest[::2], rest[1::2], strict=False)}
    if len(rest) % 2 or not named.keys() <= {"consumergroups", "partitions"}:
        raise AmqpError("amqp:not-found", f"There is no {path!r:.120}.")
    return Address(hub, named.get("consumergroups", ""), named.get("partitions", ""))
