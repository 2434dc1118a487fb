"""`hes eventhub`: the local Event Hub as a process of its own."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from hes.lib.ready import write_ready
from integration.eventhub_local.errors import EventHubFault
from integration.eventhub_local.server import Hub, LocalEventHub, Retention, TlsFiles

KEY_BYTES = 32


class Command(BaseCommand):
    """Serve until SIGTERM or Ctrl-C."""

    help = "Run a local Event Hub that the official SDK can use, for development and tests."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Place, hubs, files."""
        parser.add_argument(
            "--hub", type=_hub, action="append", required=True, dest="hubs",
            metavar="NAME[:PARTITIONS]", help="a hub to serve, 4 partitions; repeat for more",
        )  # fmt: skip
        parser.add_argument("--host", default="127.0.0.1", help="default %(default)s")
        parser.add_argument("--port", type=int, default=5672, help="default %(default)s; 0: any")
        parser.add_argument("--volatile", action="store_true", help="do not wait for the disk")
        parser.add_argument(
            "--retention-hours", type=float, default=Retention().hours, metavar="N",
            help="messages are kept so long (default %(default)s)",
        )  # fmt: skip
        for name, text in (
            ("folder", "where messages are kept (default: HES_HOME/eventhub)"),
            ("key-file", "the shared access key; made when absent (default: in the folder)"),
            ("ready-file", "written when listening: JSON with the connection string"),
            ("faults", "JSON with fault switches, read again when it changes (for tests)"),
            ("tls-certificate", "PEM; with --tls-key the hub speaks TLS"),
            ("tls-key", "PEM"),
        ):
            parser.add_argument(f"--{name}", type=Path, metavar="PATH", help=text)

    def handle(self, **options: Any) -> None:
        """Serve; what is wrong with the arguments is said before anything listens."""
        try:
            asyncio.run(self._serve(options))
        except (EventHubFault, OSError) as fault:
            raise CommandError(str(fault)) from fault

    async def _serve(self, options: dict[str, Any]) -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        hub = _local_event_hub(options)
        port = await hub.start(options["host"], options["port"])
        names = {each.name: each.partitions for each in options["hubs"]}
        if ready := options["ready_file"]:
            _write_ready(ready, hub.connection_string, names, port)
        listed = ", ".join(f"{name} ({count} partitions)" for name, count in names.items())
        self.stdout.write(f"The local Event Hub listens on {options['host']}:{port}: {listed}")
        self.stdout.flush()
        await stopped.wait()
        await hub.stop()


def _local_event_hub(options: dict[str, Any]) -> LocalEventHub:
    folder = options["folder"] or settings.HES_HOME / "eventhub"
    certificate, key = options["tls_certificate"], options["tls_key"]
    if (certificate is None) != (key is None):
        raise EventHubFault("give --tls-certificate and --tls-key together")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return LocalEventHub(
        folder,
        options["hubs"],
        _key(options["key_file"] or folder / "key"),
        durable=not options["volatile"],
        faults=options["faults"],
        tls=TlsFiles(certificate, key) if certificate else None,
        retention=Retention(hours=options["retention_hours"]),
    )


def _hub(text: str) -> Hub:
    name, colon, partitions = text.partition(":")
    try:
        return Hub(name, int(partitions)) if colon else Hub(name)
    except (EventHubFault, ValueError) as fault:
        raise ArgumentTypeError(f"{text}: {fault}") from fault


def _key(path: Path) -> str:
    """The key of a file; a random one is made, readable by us only, when there is none."""
    with contextlib.suppress(FileExistsError):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(KEY_BYTES))
    key = path.read_text(encoding="ascii").strip()
    if not key:
        raise EventHubFault(f"{path} holds no key: remove the file, a new one is made")
    return key


def _write_ready(path: Path, connection_string: str, hubs: dict[str, int], port: int) -> None:
    """It carries the key."""
    content = {
        "connection_string": connection_string,
        "hubs": hubs,
        "port": port,
        "pid": os.getpid(),
    }
    write_ready(path, json.dumps(content))
