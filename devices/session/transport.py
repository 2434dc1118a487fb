"""One TCP connection under three deadlines and a byte cap (companion profile 1).

The socket is read only while an answer is awaited, at most `READ_SIZE` at a time: what a device
sends beyond that stays in the kernel, and a drip or a flood ends by the deadlines or the cap.
"""

import asyncio
import errno
import socket
from collections.abc import Awaitable
from typing import Any, TypeVar

from devices.drivers.base import Endpoint, FieldError, Limits
from devices.session import errors

READ_SIZE = 64 * 1024
_OUR_OWN_LACK = {
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOBUFS,
    errno.ENOMEM,
    errno.EADDRNOTAVAIL,
}
_T = TypeVar("_T")


class Budget:
    """What one visit may still use, over all its connections; begins when it is made."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.visit_end = asyncio.get_running_loop().time() + limits.visit
        self.received = 0
        self.exchanges = 0

    @property
    def bytes_left(self) -> int:
        """How many bytes may still come."""
        return self.limits.received_bytes - self.received


class Transport:
    """A connection to one endpoint: `connect`, then `send` and `receive` in turn, `close`.

    Raises only errors of `devices.session.errors`. `greeted` is set by the caller at the first
    well-formed answer: before it, silence means Unreachable, afterwards Timeout.
    """

    def __init__(self, endpoint: Endpoint, budget: Budget) -> None:
        self.greeted = False
        self.half_exchange = 0.0
        self._endpoint = endpoint
        self._budget = budget
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = None
        self._sent_at = 0.0
        self._deadline = 0.0

    @property
    def is_open(self) -> bool:
        """Connected, and not closed since by us or by an error."""
        return self._socket is not None

    async def connect(self) -> None:
        """Open the connection within the connect deadline."""
        end = min(self._loop.time() + self._budget.limits.connect, self._budget.visit_end)
        try:
            async with asyncio.timeout_at(end):
                self._socket = await self._connected()
        except OSError as error:
            if error.errno in _OUR_OWN_LACK:
                raise errors.no_socket(error.strerror or "no socket") from error
            raise errors.open_failed() from error

    async def send(self, data: bytes, seconds: float) -> None:
        """Write `data` and begin an exchange whose answers are due within `seconds`."""
        self._budget.exchanges += 1
        self._sent_at = self._loop.time()
        self._deadline = min(self._sent_at + seconds, self._budget.visit_end)
        await self._timed(self._loop.sock_sendall(self._opened(), data))

    async def receive(self) -> bytes:
        """Some more bytes of the answer; at least one."""
        size = min(READ_SIZE, self._budget.bytes_left)
        if size <= 0:
            raise self._broken(errors.visit_limit())
        data = await self._timed(self._loop.sock_recv(self._opened(), size))
        if not data:
            raise self._broken(errors.connection_lost())
        self._budget.received += len(data)
        self.half_exchange = (self._loop.time() - self._sent_at) / 2
        return data

    def close(self) -> None:
        """Close the socket; harmless when closed."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _connected(self) -> socket.socket:
        failure = OSError("no address")
        for family, kind, protocol, _, address in await self._addresses():
            try:
                return await self._connected_to(family, kind, protocol, address)
            except OSError as error:
                failure = error
        raise failure

    async def _connected_to(
        self, family: int, kind: int, protocol: int, address: Any
    ) -> socket.socket:
        candidate = socket.socket(family, kind, protocol)
        try:
            candidate.setblocking(False)
            await self._loop.sock_connect(candidate, address)
            candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            candidate.close()
            raise
        return candidate

    async def _addresses(self) -> list[Any]:
        host, port = self._endpoint.host, self._endpoint.port
        try:  # numbers need no resolver and none of its threads
            return socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
            )
        except socket.gaierror:
            return await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)

    async def _timed(self, operation: Awaitable[_T]) -> _T:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await operation
        except TimeoutError as error:
            visit_over = self._loop.time() >= self._budget.visit_end
            reason = errors.visit_limit() if visit_over else errors.exchange_timeout()
            raise self._broken(reason) from error
        except OSError as error:
            raise self._broken(errors.connection_lost()) from error

    def _opened(self) -> socket.socket:
        if self._socket is None:
            raise errors.connection_lost()
        return self._socket

    def _broken(self, reason: FieldError) -> FieldError:
        self.close()
        return reason if self.greeted else errors.no_answer()
