"""`hes listeners status`, `hes listeners last` and `hes listeners forget`."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from devices.management.commands.import_template import company_of
from hes.lib.tables import table
from listeners import silence, status
from listeners.reports import REPORTS
from listeners.silence import NotGone


class Command(BaseCommand):
    help = "What listeners received, what the kernel dropped, what waits, what devices said last."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        shown = actions.add_parser("status", help="received, understood, lost, waiting")
        shown.add_argument("--json", action="store_true", dest="is_json", help="for programs")
        last = actions.add_parser("last", help="the last message of each device and type")
        last.add_argument("of", choices=REPORTS, metavar="OF", help=" or ".join(REPORTS))
        last.add_argument("--company", help="its code; may be left out if there is only one")
        forgotten = actions.add_parser("forget", help="listeners of a host that do not come back")
        forgotten.add_argument("host", help="as hes listeners status names it")

    def handle(self, *, action: str, **options: Any) -> None:
        self.stdout.write(_ACTIONS[action](**options))


def _status(*, is_json: bool, **_: Any) -> str:
    return status.as_json() if is_json else status.describe()


def _last(*, of: str, company: str | None, **_: Any) -> str:
    report = REPORTS[of]
    rows = ([str(value) for value in row] for row in report.rows(company_of(company).pk))
    return "\n".join(table([report.columns, *rows]))


def _forget(*, host: str, **_: Any) -> str:
    try:
        return "\n".join(f"{one.subject}: {one.told()}; forgotten" for one in silence.forget(host))
    except NotGone as fault:
        raise CommandError(str(fault)) from None


_ACTIONS: dict[str, Callable[..., str]] = {"status": _status, "last": _last, "forget": _forget}
