"""The sinks as services of one process: which are wanted, and how they live side by side.

Each runs in a thread with a database session of its own; whatever happens to one, the others go on.
One that hangs ends the process, which its supervisor starts again: every position bears that.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from django.db import connection

from hes.domain.errors import HesError
from integration.export import watch
from integration.export.known import configured
from integration.export.runner import Exporter
from integration.export.sinks.blob.service import BlobService
from integration.export.sinks.csv_files import CsvFiles
from integration.export.sinks.event_hub.service import HubService
from workorders.threads import DATABASE_GONE
from workorders.watchdog import Watchdog

log = logging.getLogger(__name__)

WATCH_EVERY = 15.0  # seconds
HANG_LIMIT = 60.0


class NotConfigured(HesError):
    """A sink was asked for that no setting describes."""


class Service(Protocol):
    """A sink that is served until it is asked to stop."""

    name: str

    def run(self) -> None:
        """Returns when the stop event is set; raises only what no waiting heals."""

    def sign(self) -> int | None:
        """A number that changes as long as it lives; None while it has nothing to do."""


Maker = Callable[[Path, threading.Event], Service]
MAKERS: Mapping[str, Maker] = {
    "csv_files": lambda folder, stop: Exporter(CsvFiles(folder), stop),
    "hubs": lambda _, stop: HubService(stop),
    "blob": lambda folder, stop: BlobService(stop, folder),
}
_CURES = {
    "hubs": "set HES_EVENTHUB_CONNECTION_STRING or HES_EVENTHUB_NAMESPACE",
    "blob": "set HES_BLOB_CONTAINER_URL or HES_BLOB_CONNECTION_STRING",
}


def serve(names: Sequence[str], folder: Path, stop: threading.Event) -> None:
    """Serve these sinks until `stop`; raises NotConfigured, or what ended one of them."""
    for name in names:
        if name not in configured():
            raise NotConfigured(f"{name} is not configured: {_CURES[name]}")
    services = [MAKERS[name](folder, stop) for name in names]
    threads = [_Thread(service, stop) for service in services]
    signs = {f"the sink {service.name}": service.sign for service in services}
    with Watchdog(signs, HANG_LIMIT):
        for thread in threads:
            thread.start()
        while not stop.wait(WATCH_EVERY):
            _look()
        for thread in threads:
            thread.join()
    for thread in threads:
        if thread.fault is not None:
            raise thread.fault


def _look() -> None:
    try:
        watch.look()
    except DATABASE_GONE as fault:
        log.warning("alarms cannot be looked at: %s", fault)
        connection.close()


class _Thread(threading.Thread):
    """One service; should it end with a fault, the others are asked to end as well."""

    def __init__(self, service: Service, stop: threading.Event) -> None:
        super().__init__(name=service.name, daemon=True)
        self._service, self._stop_event = service, stop
        self.fault: BaseException | None = None

    def run(self) -> None:
        try:
            self._service.run()
        except BaseException as fault:
            self.fault = fault
            self._stop_event.set()
        finally:
            connection.close()
