"""`hes decode-datagram HEX`."""

import json
import sys
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from devices.protocol.spontaneous import NO_STAMP, Unparsed
from listeners.datagrams import decode


class Command(BaseCommand):
    """Exit code 1 where it means nothing we know; the reason is printed all the same."""

    help = "Print what one datagram or push means as JSON; a sealed push is not opened."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("datagram", metavar="HEX", help="blanks and colons are allowed")

    def handle(self, *, datagram: str, **_: Any) -> None:
        try:
            raw = bytes.fromhex(datagram.replace(":", ""))
        except ValueError as fault:
            raise CommandError(f"not hexadecimal: {fault}; give two figures per byte") from fault
        meaning = decode(raw)
        said = {name: _plain(name, value) for name, value in meaning._asdict().items()}
        self.stdout.write(json.dumps({"size": len(raw), **said}, indent=2))
        if isinstance(meaning, Unparsed):
            sys.exit(1)


def _plain(name: str, value: object) -> object:
    """As people read it; `local` is the device's own clock, without an offset."""
    if isinstance(value, bytes):
        return value.hex().upper()
    if name == "local" and isinstance(value, int):
        at = datetime.fromtimestamp(value, UTC)
        return None if value == NO_STAMP else f"{at:%Y-%m-%d %H:%M:%S}"
    return value
