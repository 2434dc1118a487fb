"""What an attach opens: the link and the node behind it, or the reason why not."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from integration.eventhub_local.codec import Array, Described, Symbol, UInt, ULong
from integration.eventhub_local.errors import AmqpError
from integration.eventhub_local.links import MOST_MESSAGE, Channel, IncomingLink, Link, OutgoingLink
from integration.eventhub_local.messages import text
from integration.eventhub_local.namespace import Address, Namespace, address
from integration.eventhub_local.nodes import Access, HubReader, HubWriter, ServiceNode
from integration.eventhub_local.performatives import Attach
from integration.eventhub_local.positions import wanted

MOST_REQUEST = 64 << 10  # bytes of a request to $cbs or $management
EPOCH = Symbol("com.microsoft:epoch")
RUNTIME_METRIC = Symbol("com.microsoft:enable-receiver-runtime-metric")

Dismissal = Callable[[AmqpError], None]


class Line(Protocol):
    """What stands behind the links of a connection."""

    namespace: Namespace
    access: Access


class Site(Channel, Protocol):
    """A session, seen by an attach."""

    @property
    def line(self) -> Line:
        """Its connection."""

    def service(self, name: str) -> ServiceNode:
        """The session's `$cbs` or `$management`."""


def _nothing() -> None:
    """Nobody to tell."""


@dataclass(slots=True)
class Attached:
    """An attached link; as a `partition.Reader` it may be dismissed by a newer one."""

    link: Link
    dismiss: Dismissal
    epoch: int | None = None
    leave: Callable[[], None] = _nothing
    task: asyncio.Task[None] = field(init=False)


def echoed(attach: Attach) -> Attach:
    """Our half of an attach: source and target stand as asked (the SDK drops the link else)."""
    return replace(
        attach,
        is_receiver=not attach.is_receiver,
        source=attach.source or Described(ULong(0x28), [None]),
        target=attach.target or Described(ULong(0x29), [None]),
        unsettled=None,
        incomplete_unsettled=None,
        initial_delivery_count=UInt(0),
        max_message_size=ULong(MOST_MESSAGE),
        offered_capabilities=None,
        desired_capabilities=None,
        properties=None,
    )


def attached(site: Site, attach: Attach, dismiss: Dismissal) -> Attached:
    """Open the link; `AmqpError` when it cannot be."""
    place = _fields(attach.source if attach.is_receiver else attach.target)
    node = address(text(place[0]) if place else "")
    if node.service:
        return _service(site, attach, site.service(node.service), dismiss)
    site.line.access.demand(node.path)
    opened = _reader if attach.is_receiver else _writer
    return opened(site, attach, node, dismiss)


def _fields(terminus: Described | None) -> list[object]:
    return terminus.value if terminus and isinstance(terminus.value, list) else []


def _service(site: Site, attach: Attach, node: ServiceNode, dismiss: Dismissal) -> Attached:
    if attach.is_receiver:
        return Attached(OutgoingLink(site, attach.handle, node.feed()), dismiss)
    return Attached(IncomingLink(site, attach.handle, node.take, MOST_REQUEST), dismiss)


def _writer(site: Site, attach: Attach, node: Address, dismiss: Dismissal) -> Attached:
    hub = site.line.namespace.hub(node.hub)
    partition = hub.partition(node.partition) if node.partition else None
    writer = HubWriter(site.line.namespace, site.line.access, hub, partition)
    return Attached(IncomingLink(site, attach.handle, writer.take), dismiss)


def _reader(site: Site, attach: Attach, node: Address, dismiss: Dismissal) -> Attached:
    hub = site.line.namespace.hub(node.hub)
    hub.check_group(node.group)
    partition = hub.partition(node.partition)
    position = wanted(_fields(attach.source), partition.log.next_sequence, partition.end)
    capabilities = attach.desired_capabilities or Array()
    wants_last = RUNTIME_METRIC in (
        capabilities if isinstance(capabilities, list) else [capabilities]
    )
    reader = HubReader(site.line.access, node.path, partition, position, wants_last)
    epoch = (attach.properties or {}).get(EPOCH)
    found = Attached(
        OutgoingLink(site, attach.handle, reader.feed()),
        dismiss,
        int(epoch) if isinstance(epoch, int) else None,
    )
    partition.admit(node.group.casefold(), found)
    found.leave = lambda: partition.leave(node.group.casefold(), found)
    return found
