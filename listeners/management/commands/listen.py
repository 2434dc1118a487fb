"""`hes listen`: take datagrams and pushes in, and carry out what follows from them."""

import os
import signal
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from hes.domain.errors import HesError
from hes.lib.ready import write_ready
from listeners.duties import DUTIES
from listeners.server import Listener, Options

# A server that is frozen accepts connections and says nothing; libpq would wait for ever.
CONNECT_SECONDS = "5"


class Command(BaseCommand):
    """Address, ports and spool are settings; one process per address."""

    help = (
        "Take wake-ups and last gasps in, over UDP and TCP, until it is stopped. HES_WAKE_UP_PORT "
        "and HES_LAST_GASP_PORT name the ports, HES_LISTEN_ADDRESS the address."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--ready-file", type=Path, metavar="PATH",
            help="written when listening: the ports, one a line",
        )  # fmt: skip

    def handle(self, *, ready_file: Path | None, **_: Any) -> None:
        os.environ.setdefault("PGCONNECT_TIMEOUT", CONNECT_SECONDS)

        def ready(ports: list[int]) -> None:
            self.stdout.write(f"listening at {settings.LISTEN_ADDRESS}, ports {ports}")
            self.stdout.flush()
            if ready_file:
                write_ready(ready_file, "".join(f"{port}\n" for port in ports))

        listener = Listener(_options(), DUTIES, ready)
        _stop_by_signal(listener)
        try:
            listener.run()
        except HesError as fault:
            raise CommandError(str(fault)) from fault


def _options() -> Options:
    return Options(
        settings.LISTEN_ADDRESS,
        sorted({settings.WAKE_UP_PORT, settings.LAST_GASP_PORT}),
        settings.LISTEN_SPOOL,
        settings.LISTEN_SPOOL_LIMIT,
        settings.LISTEN_BUFFER,
    )


def _stop_by_signal(listener: Listener) -> None:
    def stop(_: int, __: FrameType | None) -> None:
        listener.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
