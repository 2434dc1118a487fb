"""`hes simulate`: the simulated field as a process of its own; `hes simulate storm`: one storm."""

import asyncio
import json
import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

from django.core.management.base import BaseCommand, CommandError

from devices.management import storm
from devices.simulator.device import FieldOptions
from devices.simulator.faults import BadScript, read_script
from devices.simulator.population import Fleet
from devices.simulator.server import HOST_PATTERN, running_field
from devices.simulator.speaking import speaking
from hes.lib.ready import write_ready

NUMBERS: tuple[tuple[str, type, float | None, str], ...] = (
    ("seed", int, 1, "another field per seed"),
    ("concentrators", int, 20, "how many"),
    ("meters", int, 25, "under each concentrator"),
    ("new-meters", int, 0, "more, on the power lines but not yet served by anybody"),
    ("cycle-scale", int, 1, "collection cycles N times shorter"),
    ("retention-days", int, None, "of every table (default: its own)"),
    ("answer-share", float, 0.97, "of the meters answer in a cycle"),
    ("silent-share", float, 0.0, "of the meters never answer"),
    ("idle-limit", float, 60.0, "seconds that a silent connection is kept"),
    ("plc-factor", float, 1.0, "scales the power line's delays; 0 answers at once"),
    ("outages", int, 0, "a small outage every N seconds; 0: none"),
)

RESTART_SECONDS = 20.0
"""How long a device is away after it has started a new image; scaled as the power line is."""


class Command(BaseCommand):
    """Serve a fleet until SIGTERM or Ctrl-C."""

    help = "Run a simulated fleet of concentrators and meters that speak DLMS/COSEM."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Fleet, behaviour, place, files; and what only a storm needs."""
        parser.add_argument(
            "what", nargs="?", choices=("field", "storm"), default="field",
            help="serve the field (default), or send the datagrams of one storm and end",
        )  # fmt: skip
        for name, kind, default, text in NUMBERS:
            parser.add_argument(f"--{name}", type=kind, default=default, metavar="N", help=text)
        parser.add_argument("--zone", default="America/Santiago", help="IANA time zone")
        parser.add_argument("--uniform", action="store_true", help="poly meters only")
        parser.add_argument("--encoding", choices=("rows", "compact"), default="rows")
        place = parser.add_mutually_exclusive_group()
        place.add_argument(
            "--host-pattern", default=HOST_PATTERN, metavar="PATTERN",
            help="an address per concentrator, port 4059 (default %(default)s)",
        )  # fmt: skip
        place.add_argument(
            "--ports", type=int, metavar="BASE", help="all on 127.0.0.1 from here on; 0: any"
        )
        parser.add_argument(
            "--state", type=Path, metavar="FILE", help="journal of what orders have done; kept"
        )
        parser.add_argument("--faults", type=Path, metavar="FILE", help="JSON: serial -> faults")
        parser.add_argument(
            "--ready-file", type=Path, metavar="PATH",
            help="written when listening: JSON, serial -> [host, port]",
        )  # fmt: skip
        storm.add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Serve, or storm; every argument is checked before anything listens or leaves."""
        try:
            fleet = Fleet.generate(
                options["seed"], options["concentrators"], options["meters"], options["zone"],
                uniform=options["uniform"], new_meters=options["new_meters"],
            )  # fmt: skip
            if options["what"] == "storm":
                self.stdout.write(storm.send(fleet, options))
            else:
                asyncio.run(self._serve(fleet, options))
        except (BadScript, ValueError, OSError, ZoneInfoNotFoundError) as fault:
            raise CommandError(str(fault)) from fault

    async def _serve(self, fleet: Fleet, options: dict[str, Any]) -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        script = options["faults"]
        field_of = running_field(
            fleet,
            faults=read_script(script) if script else None,
            options=_behaviour(options),
            pattern=options["host_pattern"],
            port_base=options["ports"],
            state=options["state"],
        )
        async with field_of as field, speaking(field, fleet, options["outages"]):
            self.stdout.write(f"{fleet.size} concentrators with {fleet.meters_each} meters listen")
            self.stdout.flush()
            ready = options["ready_file"]
            if ready:
                write_ready(ready, json.dumps(field.endpoints))
            await stopped.wait()


def _behaviour(options: dict[str, Any]) -> FieldOptions:
    if options["cycle_scale"] < 1:
        raise ValueError(f"--cycle-scale {options['cycle_scale']}: give 1 or more")
    if options["outages"] < 0:
        raise ValueError(f"--outages {options['outages']}: give seconds, 0 for none")
    return FieldOptions(
        cycle_scale=options["cycle_scale"],
        answer_share=options["answer_share"],
        silent_share=options["silent_share"],
        retention_days=options["retention_days"],
        compact=options["encoding"] == "compact",
        plc_factor=options["plc_factor"],
        idle_limit=options["idle_limit"],
        restart_seconds=RESTART_SECONDS * options["plc_factor"],
    )
