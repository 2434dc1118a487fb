"""The local Event Hub as a whole: a folder, hubs, a key, a listening socket."""

import asyncio
import fcntl
import itertools
import logging
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from integration.eventhub_local.connection import Connection
from integration.eventhub_local.errors import EventHubFault
from integration.eventhub_local.faults import FaultSwitches
from integration.eventhub_local.log import Retention
from integration.eventhub_local.namespace import Hub, Namespace, OpenHub
from integration.eventhub_local.sas import connection_string

__all__ = ["Hub", "LocalEventHub", "Retention", "TlsFiles"]

MOST_CONNECTIONS = 500
HOUSE_KEEPING_SECONDS = 60
FAREWELL_SECONDS = 2.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Certificate chain and private key, PEM."""

    certificate: Path
    key: Path


class LocalEventHub:
    """Serves the official SDK from a folder.

    `key` is the shared access key. With `durable` a batch is on the disk before it is acknowledged;
    without, it outlives the process but not the machine. Raises `EventHubFault` when the folder is
    in use or does not fit the hubs.
    """

    def __init__(
        self,
        folder: Path,
        hubs: Sequence[Hub],
        key: str,
        *,
        durable: bool = True,
        faults: Path | None = None,
        tls: TlsFiles | None = None,
        retention: Retention = Retention(),  # noqa: B008 - frozen
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _locked(folder)
        self._tls = tls
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        self.host, self.port = "", 0  # where it listens, once it does
        try:
            opened = {
                hub.name.casefold(): OpenHub(hub, folder / hub.name, retention, durable=durable)
                for hub in hubs
            }
        except EventHubFault:
            os.close(self._lock)
            raise
        self._namespace = Namespace(opened, key, FaultSwitches(faults), itertools.count(1))

    @property
    def connection_string(self) -> str:
        """What the SDK takes; it carries the key. With TLS the port has to be given apart."""
        is_plain = self._tls is None
        return connection_string(self.host, self.port, self._namespace.key, is_plain=is_plain)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; returns the port."""
        self._server = await asyncio.start_server(self._serve, host, port, ssl=self._tls_context())
        self.host, self.port = host, self._server.sockets[0].getsockname()[1]
        self._keeper = asyncio.create_task(self._keep_house())
        return self.port

    async def stop(self) -> None:
        """Close everything in order; what was acknowledged is stored."""
        self._keeper.cancel()
        self._server.close()
        for connection in self._connections:
            connection.dismiss()
        if self._connections:
            await asyncio.wait(self._connections.values(), timeout=FAREWELL_SECONDS)
        for connection in self._connections:
            connection.cut()
        for hub in self._namespace.hubs.values():
            for partition in hub.partitions:
                await partition.close()
        os.close(self._lock)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= MOST_CONNECTIONS:
            logger.warning("more than %d connections: one was refused", MOST_CONNECTIONS)
            writer.close()
            return
        connection = Connection(self._namespace, reader, writer)
        self._connections[connection] = asyncio.create_task(connection.run())
        try:
            await self._connections[connection]
        finally:
            del self._connections[connection]

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSE_KEEPING_SECONDS)
            for hub in self._namespace.hubs.values():
                for partition in hub.partitions:
                    await partition.keep_house()

    def _tls_context(self) -> ssl.SSLContext | None:
        if self._tls is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._tls.certificate, self._tls.key)
        return context


def _locked(folder: Path) -> int:
    """One process per folder, until it ends."""
    file = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise EventHubFault(
            f"{folder} is in use by another local Event Hub: stop it or choose another folder"
        ) from None
    return file
