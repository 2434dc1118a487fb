"""``hes freeze``: stop disconnections and reductions of a company, or of all; let them go on."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q, QuerySet

from devices.management.commands.import_template import company_of
from devices.models import Company
from hes.domain.errors import HesError
from hes.lib.tables import table
from workorders import freeze
from workorders.models import Freeze

HEAD = ("COMPANY", "SINCE", "BY", "REASON", "UNTIL", "ENDED BY")
SHOWN = 20


class Command(BaseCommand):
    """Reconnections and readings go on. What is held meanwhile waits for approval afterwards."""

    help = "Stop disconnections and reductions: hes freeze on --all --as ada --reason 'odd rate'"

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        on = actions.add_parser("on", help="stop them at once")
        off = actions.add_parser("off", help="let them go on; by another person than who stopped")
        status = actions.add_parser("status", help="what is stopped, and what was lately")
        for action in (on, off, status):
            scope = action.add_mutually_exclusive_group()
            scope.add_argument("--company", help="its code; may be left out if there is only one")
            scope.add_argument("--all", action="store_true", help="all companies")
        for action in (on, off):
            action.add_argument("--as", dest="who", type=_given, required=True, metavar="USER")
            action.add_argument("--reason", type=_given, required=True, metavar="TEXT")

    def handle(self, *, action: str, company: str | None, **options: Any) -> None:
        everybody = options["all"]
        if action == "status":
            rows = Freeze.objects.all() if everybody or not company else _of(company_of(company))
            self.stdout.write(_shown(rows))
            return
        scope = None if everybody else company_of(company)
        try:
            self.stdout.write(ACTIONS[action](scope, options["who"], options["reason"]))
        except HesError as fault:
            raise CommandError(str(fault)) from fault


def _given(text: str) -> str:
    if not text.strip():
        raise ArgumentTypeError("it must not be empty")
    return text


def _on(scope: Company | None, who: str, reason: str) -> str:
    freeze.on(scope.pk if scope else None, who, reason)
    return f"frozen: {_name(scope)}; no disconnection or reduction is sent"


def _off(scope: Company | None, who: str, reason: str) -> str:
    if not freeze.off(scope.pk if scope else None, who, reason):
        raise CommandError(f"nothing to switch off for {_name(scope)}: see `hes freeze status`")
    return f"no longer frozen: {_name(scope)}; what was held waits for approval"


ACTIONS = {"on": _on, "off": _off}


def _of(company: Company) -> QuerySet[Freeze]:
    """What stops a company: its own freezes and those of all."""
    return Freeze.objects.filter(Q(company=company) | Q(company=None))


def _name(scope: Company | None) -> str:
    return f"company {scope.code}" if scope else "all companies"


def _shown(freezes: QuerySet[Freeze]) -> str:
    """Those that hold first, then the last ones."""
    newest = freezes.select_related("company").order_by("-ended_at", "-pk")[:SHOWN]
    rows = [_row(each) for each in newest]
    return "\n".join(table([HEAD, *rows])) if rows else "nothing was ever frozen"


def _row(each: Freeze) -> Sequence[str]:
    code = each.company.code if each.company else "(all)"
    until = f"{each.ended_at:%Y-%m-%d %H:%M}" if each.ended_at else "it holds"
    since = f"{each.begun_at:%Y-%m-%d %H:%M}"
    return code, since, each.begun_by, each.reason, until, each.ended_by
