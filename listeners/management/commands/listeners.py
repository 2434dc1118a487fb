"""`hes listeners status`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from listeners import status


class Command(BaseCommand):
    help = "What listeners received, what the kernel dropped, what waits."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        shown = actions.add_parser("status", help=self.help)
        shown.add_argument("--json", action="store_true", dest="is_json", help="for programs")

    def handle(self, *, is_json: bool, **_: Any) -> None:
        self.stdout.write(status.as_json() if is_json else status.describe())
