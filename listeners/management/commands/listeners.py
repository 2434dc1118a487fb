"""`hes listeners status` and `hes listeners last`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from devices.management.commands.import_template import company_of
from hes.lib.tables import table
from listeners import status
from listeners.reports import REPORTS


class Command(BaseCommand):
    help = "What listeners received, what the kernel dropped, what waits, what devices said last."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        shown = actions.add_parser("status", help="received, understood, lost, waiting")
        shown.add_argument("--json", action="store_true", dest="is_json", help="for programs")
        last = actions.add_parser("last", help="the last message of each device and type")
        last.add_argument("of", choices=REPORTS, metavar="OF", help=" or ".join(REPORTS))
        last.add_argument("--company", help="its code; may be left out if there is only one")

    def handle(self, *, action: str, **options: Any) -> None:
        self.stdout.write(_status(**options) if action == "status" else _last(**options))


def _status(*, is_json: bool, **_: Any) -> str:
    return status.as_json() if is_json else status.describe()


def _last(*, of: str, company: str | None, **_: Any) -> str:
    report = REPORTS[of]
    rows = ([str(value) for value in row] for row in report.rows(company_of(company).pk))
    return "\n".join(table([report.columns, *rows]))
