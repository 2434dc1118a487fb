"""The listener: sockets in front, a ring, and the thread that writes (design D15).

The loop does nothing but take what the kernel has and put it into the ring, 2,000 datagrams at a
time. It never asks the database, so nothing that happens there delays it.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from hes.domain.errors import HesError
from listeners.duties import Duty
from listeners.journal import Run, Sockets
from listeners.receiving import ASKED, Receiver
from listeners.ring import Ring
from listeners.rounds import Rounds
from listeners.spool import Spool
from listeners.streams import Streams
from listeners.writer import Writer

log = logging.getLogger(__name__)

TURNS = 4  # receptions of up to 500 datagrams per wake-up
FULL_PAUSE = 0.01  # seconds
TICK = 1.0
HANG_LIMIT = 10.0  # seconds of one call of PostgreSQL


class CannotListen(HesError):
    """A port that is taken, or an address that is not ours."""


class WriterDied(Exception):
    """What is received is not written any more: the process must end and be started again."""


@dataclass(frozen=True, slots=True)
class Options:
    """`ports` are of UDP and TCP alike, 0 takes a free one; sizes are in bytes."""

    address: str
    ports: Sequence[int]
    spool: Path
    spool_limit: int
    buffer: int = ASKED


class Listener:
    """Listens between `run` and `stop`; `ready` is told the ports once all are open."""

    def __init__(
        self,
        options: Options,
        duties: Sequence[Duty],
        ready: Callable[[list[int]], None] = lambda _: None,
    ) -> None:
        self._options, self._ready = options, ready
        self._receivers: list[Receiver] = []
        self._ring = Ring()
        self._streams = Streams(self._ring.put, lambda: self._ring.is_full)
        self._rounds = Rounds(duties)
        self._is_stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self) -> None:
        """Until `stop`. Raises CannotListen, SpoolInUse, WriterDied."""
        asyncio.run(self._run())

    def stop(self) -> None:
        """Ask `run` to bring everything to safety and to end; from any thread."""
        self._is_stopping = True
        with contextlib.suppress(RuntimeError):  # the loop is closing
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._wake.set)

    def sockets(self) -> Sockets:
        """What they say now; from any thread."""
        drops = sum(receiver.drops() for receiver in self._receivers)
        return Sockets(drops, self._streams.refused, self._granted())

    async def _run(self) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        with contextlib.closing(Spool(self._options.spool, self._options.spool_limit)) as spool:
            try:
                await self._open()
                await self._serve(self._writer(spool))
            finally:
                for receiver in self._receivers:
                    receiver.close()

    async def _open(self) -> None:
        for port in self._options.ports:
            try:
                receiver = Receiver(self._options.address, port, self._options.buffer)
                self._receivers.append(receiver)
                await self._streams.listen(self._options.address, receiver.port)
            except OSError as fault:
                where = f"{self._options.address}:{port}"
                raise CannotListen(f"cannot listen at {where}: {fault.strerror}") from fault
        if (granted := self._granted()) < self._options.buffer:
            log.warning(SMALL_BUFFER, granted, self._options.buffer, self._options.buffer)

    def _granted(self) -> int:
        return min(receiver.granted for receiver in self._receivers)

    def _writer(self, spool: Spool) -> Writer:
        ports = ", ".join(str(receiver.port) for receiver in self._receivers)
        run = Run(uuid4(), socket.gethostname(), f"{self._options.address}: {ports}")
        return Writer(run, self._ring, spool, self.sockets, self._rounds.poke)

    async def _serve(self, writer: Writer) -> None:
        writer.start()
        self._rounds.start()
        try:
            self._read(True)
            self._ready([receiver.port for receiver in self._receivers])
            await self._watch(writer)
        finally:
            self._read(False)
            await self._streams.close()
            for receiver in self._receivers:
                self._empty(receiver)
            writer.stop()
            self._rounds.stop()

    async def _watch(self, writer: Writer) -> None:
        """Until we are to stop; once a second, is the writer well?"""
        while not self._is_stopping:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), TICK)
            writer.cut_if_hanging(HANG_LIMIT)
            if not writer.is_alive:
                raise WriterDied

    def _read(self, wanted: bool) -> None:
        loop = asyncio.get_running_loop()
        for receiver in self._receivers:
            loop.remove_reader(receiver)
            if wanted:
                loop.add_reader(receiver, self._drain, receiver)

    def _drain(self, receiver: Receiver) -> None:
        """What waits in its buffer, but no more than lets the other sockets have their turn."""
        for _ in range(TURNS):
            if self._ring.is_full:
                self._pause()
                return
            batch = receiver.receive()
            if batch is None:
                return
            self._ring.put(batch)

    def _pause(self) -> None:
        """The kernel keeps what comes until there is room; what does not fit there it counts."""
        self._read(False)
        asyncio.get_running_loop().call_later(FULL_PAUSE, self._resume)

    def _resume(self) -> None:
        if not self._is_stopping:
            self._read(True)

    def _empty(self, receiver: Receiver) -> None:
        while not self._ring.is_full and (batch := receiver.receive()):
            self._ring.put(batch)


SMALL_BUFFER = """
the kernel grants a receive buffer of %d bytes, %d were asked for: a storm will lose datagrams.
Give the process CAP_NET_ADMIN, or run as root: sysctl -w net.core.rmem_max=%d"""
