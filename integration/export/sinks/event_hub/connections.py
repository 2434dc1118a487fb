"""An event loop that remembers which connections were opened for whom, so that they can be cut.

The SDK forgets a connection whose opening was cancelled: with a peer that accepts and then says
nothing, each attempt would leave a socket behind.
"""

import asyncio
from contextvars import ContextVar
from typing import Any

Connections = set[asyncio.BaseTransport]
opened: ContextVar[Connections | None] = ContextVar("opened", default=None)
"""Where the current task, and those that it starts, note the connections they open."""


class NotingLoop(asyncio.SelectorEventLoop):
    """Notes every client connection."""

    async def create_connection(self, *args: Any, **options: Any) -> Any:
        """As the loop of the standard library."""
        transport, protocol = await super().create_connection(*args, **options)
        connections = opened.get()
        if connections is not None:
            connections.add(transport)
        return transport, protocol


def cut(connections: Connections) -> None:
    """End them at once, whatever they wait for."""
    while connections:
        transport = connections.pop()
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
