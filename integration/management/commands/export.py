"""``hes export ACTION``: one module of `integration.export.actions` per action."""

import sys
from argparse import ArgumentParser
from importlib import import_module
from types import ModuleType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hes.domain.errors import HesError

# As people type it -> module.
ACTIONS = {
    "run": "run",
    "status": "status",
    "verify": "verify",
    "regenerate": "regenerate",
    "files": "files",
    "replay": "replay",
    "dead-letters": "dead_letters",
    "disable": "disable",
    "enable": "enable",
}


def action_module(name: str) -> ModuleType:
    """The module behind an action: SUMMARY, add_arguments(parser), run(out, **options)."""
    return import_module(f"integration.export.actions.{ACTIONS[name]}")


class Command(BaseCommand):
    help = (
        "Hand on what was recorded: daily files, Event Hubs, Blob; and prove that it is all there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        for name in ACTIONS:
            module = action_module(name)
            module.add_arguments(
                actions.add_parser(name, help=module.SUMMARY, description=module.SUMMARY)
            )

    def handle(self, *, action: str, **options: Any) -> None:
        try:
            code = action_module(action).run(self.stdout.write, **options)
        except HesError as fault:
            raise CommandError(str(fault)) from fault
        if code:
            sys.exit(code)
