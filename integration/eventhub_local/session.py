"""Sessions: windows, and the links attached to them."""

import asyncio
import itertools
import logging
from collections.abc import Coroutine
from typing import Protocol

from integration.eventhub_local.attaching import Attached, attached, echoed
from integration.eventhub_local.codec import Buffer, UInt, UShort
from integration.eventhub_local.errors import AmqpError, EventHubFault
from integration.eventhub_local.namespace import Namespace
from integration.eventhub_local.nodes import Access, Cut, ServiceNode
from integration.eventhub_local.performatives import (
    Attach,
    Begin,
    Detach,
    Flow,
    Performative,
    Transfer,
    error,
)

WINDOW = 65535
MOST_HANDLE = 15
_WRAP = 0xFFFFFFFF  # these numbers go round

logger = logging.getLogger(__name__)


class Line(Protocol):
    """What a session needs of its connection."""

    namespace: Namespace
    access: Access
    frame_size: int
    peer: str

    def send(self, channel: int, performative: Performative, payload: Buffer = b"") -> None:
        """Put a frame into the socket's buffer."""

    async def drained(self) -> None:
        """Until the peer has read most of what was sent."""

    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run something, at most as long as the connection lives."""

    def cut(self) -> None:
        """End the connection at once, without a word."""

    async def room(self) -> None:
        """Until another delivery may be taken in; the delivery must `release` it."""

    def release(self) -> None:
        """A delivery taken in is dealt with."""


class Session:
    """One session; it answers the client's begin at once."""

    def __init__(self, line: Line, channel: int, begin: Begin) -> None:
        self.line = line
        self.frame_size = line.frame_size
        self.delivery_ids = itertools.count()
        self.room, self.release = line.room, line.release
        self._channel = channel
        self._services: dict[str, ServiceNode] = {}
        self._attached: dict[int, Attached] = {}
        self._received, self._sent = int(begin.next_outgoing_id), 0
        self._window = int(begin.incoming_window)
        self._widened = asyncio.Event()
        window = UInt(WINDOW)
        self.send(Begin(UShort(channel), UInt(0), window, window, UInt(MOST_HANDLE)))

    def send(self, performative: Performative, payload: Buffer = b"") -> None:
        """Put a frame of this session into the socket's buffer."""
        self.line.send(self._channel, performative, payload)

    def send_flow(self, handle: UInt, delivery_count: int, credit: int) -> None:
        """The state of a link along with the session's."""
        self.send(
            Flow(
                UInt(self._received & _WRAP),
                UInt(WINDOW),
                UInt(self._sent & _WRAP),
                UInt(WINDOW),
                handle,
                UInt(delivery_count & _WRAP),
                UInt(credit),
            )
        )

    async def send_transfer(self, transfer: Transfer, payload: Buffer) -> None:
        """One frame of a message, when the client's window and socket have room."""
        while self._window <= 0:
            self._widened.clear()
            await self._widened.wait()
        self._window -= 1
        self._sent += 1
        self.send(transfer, payload)
        await self.line.drained()

    async def receive(self, performative: Performative, payload: Buffer) -> None:
        """A frame of this session. A link's fault ends the link, nothing else."""
        if isinstance(performative, Attach):
            self._attach(performative)
        elif isinstance(performative, Flow):
            self._flow(performative)
        elif isinstance(performative, Detach):
            self._detach(performative)
        elif isinstance(performative, Transfer):
            await self._transfer(performative, payload)

    def service(self, name: str) -> ServiceNode:
        """The session's own `$cbs` or `$management`: both its links meet there."""
        if name not in self._services:
            self._services[name] = ServiceNode(name, self.line.namespace, self.line.access)
        return self._services[name]

    def close(self) -> None:
        """End all links."""
        for handle in list(self._attached):
            self._drop(handle)

    def _attach(self, attach: Attach) -> None:
        handle = int(attach.handle)
        if handle > MOST_HANDLE or handle in self._attached:
            raise AmqpError("amqp:session:handle-in-use", f"Handle {handle} cannot be attached.")
        self.send(echoed(attach))
        try:
            found = attached(self, attach, lambda fault: self._refuse(handle, fault))
        except AmqpError as fault:
            self._refuse(handle, fault)
            return
        self._attached[handle] = found
        found.link.opened()
        found.task = self.line.spawn(self._run(handle, found))

    async def _run(self, handle: int, found: Attached) -> None:
        try:
            await found.link.run()
        except AmqpError as fault:
            self._refuse(handle, fault)
        except EventHubFault as fault:
            logger.error("%s", fault)
            self._refuse(handle, AmqpError("amqp:internal-error", "The hub has a fault."))
        except Cut as fault:
            logger.info("%s: %s", self.line.peer, fault)
            self.line.cut()

    def _flow(self, flow: Flow) -> None:
        used = (self._sent - int(flow.next_incoming_id or 0)) & _WRAP
        self._window = int(flow.incoming_window) - used
        self._widened.set()
        if flow.handle is not None and (found := self._attached.get(int(flow.handle))):
            found.link.flow(flow)

    def _detach(self, detach: Detach) -> None:
        if self._drop(int(detach.handle)):
            self.send(Detach(detach.handle, closed=detach.closed))

    async def _transfer(self, transfer: Transfer, payload: Buffer) -> None:
        """Frames of a link that we have just detached are still on their way: pass over them."""
        self._received += 1
        if (found := self._attached.get(int(transfer.handle))) is None:
            return
        try:
            await found.link.transfer(transfer, payload)
        except AmqpError as fault:
            self._refuse(int(transfer.handle), fault)

    def _refuse(self, handle: int, fault: AmqpError) -> None:
        logger.info("%s: link %d detached, %s", self.line.peer, handle, fault)
        self._drop(handle)
        self.send(Detach(UInt(handle), closed=True, error=error(fault)))

    def _drop(self, handle: int) -> bool:
        found = self._attached.pop(handle, None)
        if found is None:
            return False
        found.leave()
        found.link.close()
        if found.task is not asyncio.current_task():
            found.task.cancel()
        return True
