"""``hes tail HUB``: what a subscriber sees."""

import asyncio
import json
import logging
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from azure.eventhub import EventData
from azure.eventhub.exceptions import EventHubError
from django.core.management.base import BaseCommand, CommandError

from integration.export.sinks.event_hub import reading
from integration.export.sinks.event_hub.access import Access
from integration.export.sinks.event_hub.errors import told

PROPERTIES = ("kind", "company", "day", "schema", "lines", "dedup_id", "utc_offset")


class Command(BaseCommand):
    help = "Show the messages of a hub as they come, with the official client; Ctrl-C ends it."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("hub", help="for example hes-s")
        parser.add_argument(
            "--from", dest="start", type=_start, default="latest", metavar="WHERE",
            help="earliest, latest (default), or a time like 2026-06-10T08:00Z (bare ones are UTC)",
        )  # fmt: skip
        parser.add_argument("--group", default=reading.DEFAULT_GROUP, help="default: %(default)s")
        parser.add_argument("--json", action="store_true", help="a JSON object per message")
        parser.add_argument("--all", action="store_true", help="end when all there is was shown")

    def handle(self, *, hub: str, **options: Any) -> None:
        # It tells of every link that ends; what matters comes as an error.
        logging.getLogger("azure").setLevel(logging.ERROR)
        access = Access.from_settings()
        if not access.is_configured:
            raise CommandError(
                "no stream is known: start `hes demo`, or set HES_EVENTHUB_CONNECTION_STRING"
            )
        try:
            asyncio.run(self._show(access, hub, **options))
        except KeyboardInterrupt:
            return
        except BrokenPipeError:  # `hes tail ... | head` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except (EventHubError, TimeoutError, ValueError) as fault:
            raise CommandError(f"{hub}: {told(fault)}") from None

    async def _show(
        self,
        access: Access,
        hub: str,
        *,
        start: reading.Start,
        group: str,
        **options: Any,
    ) -> None:
        render = _as_json if options["json"] else _as_lines

        def take(event: EventData) -> None:
            self.stdout.write(render(event))
            self.stdout.flush()

        client = access.consumer(hub, group)
        if options["all"]:
            await reading.read_all(client, take)
        else:
            await reading.follow(client, start, take)


def _as_lines(event: EventData) -> str:
    return event.body_as_str().rstrip("\n")


def _as_json(event: EventData) -> str:
    facts: dict[str, object] = {name: reading.property_of(event, name) for name in PROPERTIES}
    at = event.enqueued_time
    facts |= {
        "sequence": event.sequence_number,
        "enqueued": at.isoformat() if at else None,
        "body": event.body_as_str(),
    }
    return json.dumps(facts)


def _start(text: str) -> reading.Start:
    if text in ("earliest", "latest"):
        return reading.EARLIEST if text == "earliest" else reading.LATEST
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(
            f"{text!r} is neither earliest, latest nor a time like 2026-06-10T08:00Z"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
